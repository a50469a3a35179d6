/** The log: pino, in CoreDNS's line format (`[INFO] plugin/health: …`) or as JSON. */
import { type DestinationStream, destination, type Logger, levels, pino } from 'pino'

export type { Logger } from 'pino'

export type LogFormat = 'coredns' | 'json'

/** How much text waits for a reader of the log that has stopped reading, in characters; what comes later is dropped. */
const PENDING = 1 << 20

/** What pino tells a stream that asks for it, with each line. */
interface Metadata {
  lastLevel: number
  lastMsg: string
}

/**
 * @param format `coredns` prints what CoreDNS prints and tools grep for; `json` one object a line, with `plugin` as a field
 * @param level lowest level that is printed
 * @param out where lines go, standard output when nothing is said
 */
export function createLogger(format: LogFormat, level: 'debug' | 'info' = 'info', out?: DestinationStream): Logger {
  const stream = out ?? standardOutput(lines => log.warn(`${lines} lines of the log were dropped: standard output was not read`))
  const log = format === 'json' ? jsonLogger(level, stream) : lineLogger(level, stream)
  return log
}

const jsonLogger = (level: string, out: DestinationStream): Logger =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: name => ({ level: name }) } }, out)

function lineLogger(level: string, out: DestinationStream): Logger {
  const lines = {
    [Symbol.for('pino.metadata')]: true,
    write(this: Metadata) {
      out.write(`[${label(this.lastLevel)}] ${this.lastMsg}\n`)
    },
  }
  return pino({ level, base: null, timestamp: false }, lines as unknown as DestinationStream)
}

const label = (level: number): string =>
  levels.labels[level] === 'warn' ? 'WARNING' : (levels.labels[level] ?? 'info').toUpperCase()

/** Writes without waiting: a reader that stalls or goes away must not hold up queries. What is pending is written when the process ends. */
function standardOutput(onLoss: (lines: number) => void): DestinationStream {
  const out = destination({ dest: 1, sync: false, maxLength: PENDING })
  let lost = 0
  out.on('drop', () => lost++)
  out.on('drain', () => {
    if (lost > 0) onLoss(lost)
    lost = 0
  })
  // Without a listener, a closed pipe would end the process.
  out.on('error', () => {})
  process.once('exit', () => {
    try {
      out.flushSync()
    } catch {
      // Nobody reads it.
    }
  })
  return out
}

/** The log of one plugin: its lines begin with `plugin/NAME: `. */
export const pluginLogger = (log: Logger, name: string): Logger => log.child({ plugin: name }, { msgPrefix: `plugin/${name}: ` })

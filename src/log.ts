/** The log: pino, in CoreDNS's line format (`[INFO] plugin/health: …`) or as CoreDNS's JSON. */
import { type DestinationStream, type Logger, levels, pino } from 'pino'
import { StandardOutput } from './standard-output.ts'

export type { Logger } from 'pino'

export type LogFormat = 'text' | 'json'

/**
 * @param format `text` prints lines that tools grep for; `json` one object a line, with `plugin` as a field
 * @param level lowest level that is printed
 * @param out where lines go, standard output by default
 */
export function createLogger(format: LogFormat, level: 'debug' | 'info' = 'info', out?: DestinationStream): Logger {
  const stream =
    out ?? new StandardOutput(lines => log.warn(`${lines} lines of the log were dropped: standard output was not read`))
  const log = format === 'json' ? jsonLogger(level, stream) : lineLogger(level, stream)
  return log
}

const jsonLogger = (level: string, out: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: name => ({ level: name.toUpperCase() }) },
    },
    out,
  )

/** Has pino set `lastLevel` and `lastMsg` with each line. */
const METADATA: unique symbol = Symbol.for('pino.metadata')

const lineLogger = (level: string, out: DestinationStream): Logger =>
  pino({ level, base: null, timestamp: false }, new Lines(out))

/** Texts of others, such as an error that a collector sends, stay in their line and leave terminals alone. Only in front of a stack's calls a newline stands. */
const CONTROLS = /(?:(?!\n {4}at )\p{Cc})+/gu

/** Ignores the text that pino makes of a message, and writes a line from the level and message that pino gives beside it. */
class Lines implements DestinationStream {
  readonly [METADATA] = true
  lastLevel = 0
  /** Nothing where an object is logged without a text. */
  lastMsg: string | undefined
  readonly #out: DestinationStream

  constructor(out: DestinationStream) {
    this.#out = out
  }

  write(): void {
    this.#out.write(`[${label(this.lastLevel)}] ${(this.lastMsg ?? '').replace(CONTROLS, ' ')}\n`)
  }

  print(lines: string): void {
    this.#out.write(lines)
  }

  readonly info = (message: string): void => {
    this.#out.write(`[INFO] ${message}\n`)
  }
}

const streamOf = (log: Logger): DestinationStream =>
  (log as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym]!

/** Writes lines that another thread has made. */
export function linePrinter(log: Logger): (lines: string) => void {
  const stream = streamOf(log)
  return lines => (stream instanceof Lines ? stream.print(lines) : stream.write(lines))
}

/** Prints a message like `log.info`. CoreDNS's lines bypass pino, for plugins that print one for each query. */
export function infoPrinter(log: Logger): (message: string) => void {
  const stream = streamOf(log)
  return stream instanceof Lines ? stream.info : message => log.info(message)
}

const label = (level: number): string =>
  levels.labels[level] === 'warn' ? 'WARNING' : (levels.labels[level] ?? 'info').toUpperCase()

/** The log of one plugin: its lines begin with `plugin/NAME: `, its objects name it. */
export const pluginLogger = (log: Logger, name: string): Logger =>
  log.child({ plugin: name }, streamOf(log) instanceof Lines ? { msgPrefix: `plugin/${name}: ` } : {})

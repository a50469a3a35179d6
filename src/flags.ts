import { parseArgs } from 'node:util'

/** The command line; see README. */
export interface Flags {
  /** The Corefile, `stdin` for standard input; undefined: ./Corefile, else the built-in one. */
  conf: string | undefined
  /** Port of labels that name none. */
  port: number
  pidfile: string | undefined
  plugins: boolean
  version: boolean
  quiet: boolean
  validate: boolean
  format: 'text' | 'json'
  udp: 'auto' | 'batch' | 'dgram'
}

const options = {
  conf: { type: 'string' },
  'dns.port': { type: 'string' },
  p: { type: 'string' },
  pidfile: { type: 'string' },
  plugins: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  validate: { type: 'boolean', default: false },
  'log-format': { type: 'string' },
  'log.format': { type: 'string' },
  udp: { type: 'string', default: 'auto' },
} as const

/** CoreDNS's words, and the one of `-log.format` for its lines. */
const FORMATS = { text: 'text', coredns: 'text', json: 'json' } as const

export const USAGE = `Usage: istio-coredns [flags]
  -conf FILE              Corefile to load; "stdin" reads standard input (default ./Corefile)
  -dns.port N, -p N       port of zones that name none (default 53)
  -pidfile FILE           write the process id there
  -validate               check the Corefile and every plugin's options, then end
  -plugins                list the plugins
  -version                print the version
  -quiet                  print nothing at start
  -log-format FORMAT      text (default) or json; also -log.format coredns or json
  -udp MODE               how datagrams are read: in batches (batch), one by one (dgram),
                          or in batches where that works (auto, the default)
`

/**
 * Reads flags as CoreDNS does: with one dash or two, the value behind a blank or `=`; the last of a flag wins.
 * @throws {Error} an unknown flag, a bad value, a word that is no flag
 */
export function readFlags(args: readonly string[]): Flags {
  const words = args.map(word => (/^-[a-z]/.test(word) ? `-${word}` : word))
  const { values, tokens } = parseArgs({ args: words, options, strict: true, tokens: true })
  const last = (...names: readonly string[]) =>
    tokens.findLast(token => token.kind === 'option' && names.includes(token.name)) as { value?: string } | undefined
  return {
    conf: values.conf,
    port: wholeNumber('dns.port', last('p', 'dns.port')?.value ?? '53', 65535),
    pidfile: values.pidfile,
    plugins: values.plugins,
    version: values.version,
    quiet: values.quiet,
    validate: values.validate,
    format: FORMATS[oneOf('log-format', last('log-format', 'log.format')?.value ?? 'text', ['text', 'json', 'coredns'])],
    udp: oneOf('udp', values.udp, ['auto', 'batch', 'dgram']),
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  if (!/^\d+$/.test(text) || Number(text) > max)
    throw new Error(`invalid value "${text}" for flag -${flag}: expected a number up to ${max}`)
  return Number(text)
}

function oneOf<W extends string>(flag: string, text: string, words: readonly W[]): W {
  const word = words.find(candidate => candidate === text)
  if (word === undefined) throw new Error(`invalid value "${text}" for flag -${flag}: expected one of ${words.join(', ')}`)
  return word
}

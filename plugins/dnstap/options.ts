import { hostname } from 'node:os'
import type { Directive, Line } from '#src/plugin.ts'

/** Where to connect to, or to listen. */
export type Address =
  | { readonly scheme: 'unix'; readonly path: string }
  | { readonly scheme: 'tcp' | 'tls'; readonly host: string; readonly port: number }

/** What one `dnstap` line says. */
export interface TapOptions {
  readonly address: Address
  /** Others connect to it. */
  readonly listens: boolean
  /** Whether whole DNS messages are reported. */
  readonly full: boolean
  /** What may wait, in 10,000 messages. */
  readonly queue: number
  readonly identity: string
  /** Undefined for this server's. */
  readonly version: string | undefined
  /** With placeholders; empty for none. */
  readonly extra: string
  /** CERT, KEY and perhaps CA of a listener. */
  readonly tlsFiles: readonly string[]
  /** The certificate of the other side need not be good. */
  readonly skipVerify: boolean
}

export const parse = (directive: Directive): TapOptions[] => directive.uses().map(readLine)

// dnstap SOCKET [full] [WRITEBUFFER] [QUEUE] { identity IDENTITY; version VERSION; extra EXTRA; skipverify }
// dnstap listen SOCKET [full] { identity IDENTITY; version VERSION; extra EXTRA; tls CERT KEY [CA]; skipverify }
function readLine(line: Line): TapOptions {
  const listens = line.peek() === 'listen'
  if (listens) line.text('listen')
  const address = readAddress(line)
  const full = readFull(line)
  if (line.left > 0) line.integer('WRITEBUFFER', 1, 1024)
  const queue = line.left > 0 ? line.integer('QUEUE', 1, 4096) : 1
  const ignored = line.rest()
  if (ignored.length > 0) line.warn(`'${ignored.join(' ')}' is ignored`)
  const block: { -readonly [Option in 'identity' | 'version' | 'extra' | 'tlsFiles' | 'skipVerify']: TapOptions[Option] } = {
    identity: hostname(),
    version: undefined,
    extra: '',
    tlsFiles: [],
    skipVerify: false,
  }
  line.options({
    identity: option => {
      block.identity = option.text('IDENTITY')
    },
    version: option => {
      block.version = option.text('VERSION')
    },
    extra: option => {
      block.extra = option.text('EXTRA')
    },
    tls: option => {
      if (!listens) throw option.problem('tls directive only valid for listeners')
      block.tlsFiles = [option.text('CERT'), option.text('KEY'), ...option.rest().slice(0, 1)]
    },
    skipverify: () => {
      block.skipVerify = true
    },
  })
  line.end()
  if (listens && address.scheme === 'tls' && block.tlsFiles.length === 0)
    throw line.problem('TLS listener requires cert and key files: tls CERT KEY')
  return { address, listens, full, queue, ...block }
}

function readAddress(line: Line): Address {
  const text = line.text('SOCKET')
  const [, scheme, authority = ''] = /^(tcp|tls):\/\/(.*)$/.exec(text) ?? []
  if (scheme === undefined) return { scheme: 'unix', path: text.replace(/^unix:\/\//, '') }
  const [, inBrackets, name = '', port] = /^(?:\[([^[\]]*)\]|([^:[\]/]*)):(\d{1,5})$/.exec(authority) ?? []
  if (port === undefined || Number(port) > 65_535) throw line.problem(`SOCKET must be ${scheme}://HOST:PORT: '${text}'`)
  return { scheme: scheme as 'tcp' | 'tls', host: inBrackets ?? name, port: Number(port) }
}

function readFull(line: Line): boolean {
  if (line.left === 0) return false
  const word = line.text('full')
  if (word !== 'full') line.warn(`'${word}' is ignored: the only word in this place is full`)
  return word === 'full'
}

import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import { OPCODE, type TsigError, TYPE } from './codes.ts'
import { toText } from './name.ts'
import { hashOf, type Name } from './name-hash.ts'

export type Transport = 'udp' | 'tcp' | 'tls' | 'https' | 'grpc'

/** The most octets of EDNS options that go along to other servers. */
export const MOST_UPSTREAM_OPTIONS = 512

/** What fits behind the headers of IPv4 and UDP, in octets; the kernel sends nothing longer. */
const LONGEST_DATAGRAM = 65507

/** Who asked. */
export interface Client {
  /** Without zone index; IPv4 is never written as mapped IPv6. */
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  /** What the check of its signature (*tsig*) found: NOERROR if it is valid; undefined without a signature. */
  readonly tsigError?: TsigError
  /** Key of the name of the secret that it was signed with; undefined unless the signature is valid. */
  readonly tsigKey?: string
  /** What its proxy said besides the address (*proxyproto*), in hex. */
  readonly told?: string
  /** Of its request over HTTPS, by names in lower case. */
  readonly headers?: Readonly<Record<string, unknown>>
  /** Times the plugins that its query passes (*trace*). */
  readonly trace?: object
  /** Records the query's way through the plugins (*explain*). */
  readonly explanation?: object
}

/** Where the query came in. */
export interface Listener {
  /** As metrics and logs name it: `dns://:53`, `dns://127.0.0.1:53`. */
  readonly label: string
  /** The address that was bound. */
  readonly address: string
  readonly port: number
}

/** What the OPT record of a query says (RFC 6891 §6.1). */
export interface Edns {
  /** The largest UDP payload the client takes, in octets, at least 512; plugins may lower it. */
  udpSize: number
  /** The upper eight bits of a reply's rcode. */
  readonly extendedRcode: number
  readonly version: number
  readonly dnssecOk: boolean
  /** The server's identifier, to be sent with the reply (RFC 5001) if the client asked for it. */
  nsid?: Uint8Array
  /** Options that go back to the client with the reply, where there is room. */
  returned?: Uint8Array
  /** The options as they came: code, length, data, again and again; checked to be whole. */
  readonly options: Uint8Array
}

/** One question of one client. It goes down the plugin chain; the {@link Reply} comes back up. */
export class Query implements Name {
  /** The message as it came. */
  readonly message: Uint8Array
  /** The offset behind the question section. */
  readonly questionEnd: number
  /** The name asked for, as key (see `name.ts`). */
  readonly key: string
  /** The number of that key, by which it is looked up (see `name-map.ts`). */
  readonly hash: number
  readonly type: number
  readonly class: number
  readonly edns: Edns | undefined
  readonly client: Client
  readonly transport: Transport
  readonly listener: Listener
  /** When it was read, by `performance.now()`. */
  readonly received: number
  /** The zone of the server block that took the query, as text: `cluster.local.` */
  zone = ''
  /** How many lookups of the server itself led here: 0 for a client's query. */
  readonly depth: number
  /** How many lookups the server makes for the client's query, all together; undefined while there are none. */
  lookups: { count: number } | undefined
  /** EDNS options that go along to other servers, in the form of those of {@link Edns}, one character for each octet; at most {@link MOST_UPSTREAM_OPTIONS}. */
  readonly upstreamOptions: string
  #name: string | undefined

  constructor(fields: {
    message: Uint8Array
    questionEnd: number
    key: string
    hash: number
    type: number
    class: number
    edns: Edns | undefined
    client: Client
    transport: Transport
    listener: Listener
    received: number
    depth?: number
    lookups?: { count: number } | undefined
    upstreamOptions?: string
  }) {
    this.message = fields.message
    this.questionEnd = fields.questionEnd
    this.key = fields.key
    this.hash = fields.hash
    this.type = fields.type
    this.class = fields.class
    this.edns = fields.edns
    this.client = fields.client
    this.transport = fields.transport
    this.listener = fields.listener
    this.received = fields.received
    this.depth = fields.depth ?? 0
    this.lookups = fields.lookups
    this.upstreamOptions = fields.upstreamOptions ?? ''
  }

  /** The name asked for, as text: lower case, absolute, escaped. */
  get name(): string {
    this.#name ??= toText(this.key)
    return this.#name
  }

  get id(): number {
    return (this.message[0]! << 8) | this.message[1]!
  }

  /** The header's second 16-bit word: flags, opcode and rcode as they came (see `FLAG`). */
  get flags(): number {
    return (this.message[2]! << 8) | this.message[3]!
  }

  get opcode(): number {
    return (this.message[2]! >> 3) & 15
  }

  /** The largest reply the client takes, in octets. */
  get replySize(): number {
    return this.transport === 'udp' ? Math.min(this.edns?.udpSize ?? 512, LONGEST_DATAGRAM) : 65535
  }

  /** The same question of the same client with `flags` set in its header, on memory of its own: it may outlive the message that it was made from. */
  copy(flags: number): Query {
    const message = Buffer.from(this.message)
    message.writeUInt16BE(this.flags | flags, 2)
    const edns = this.edns && { ...this.edns, options: Uint8Array.from(this.edns.options) }
    return Object.assign(new Query({ ...this, message, edns }), { zone: this.zone })
  }

  /** Another question in place of the client's, with the client's flags and EDNS; this one is not changed. */
  replace(question: { key: string; type: number; class: number; upstreamOptions: string }): Query {
    const { key, type, class: classCode, upstreamOptions } = question
    const message = writeQuery(key, type, { id: this.id, flags: this.flags, class: classCode })
    const questionEnd = message.length
    const hash = hashOf(key)
    const query = new Query({ ...this, message, questionEnd, key, hash, type, class: classCode, upstreamOptions })
    return Object.assign(query, { zone: this.zone })
  }

  /** The query that the server itself asks on behalf of this one: the same client and EDNS, another name and type. */
  derive(key: string, type: number): Query {
    this.lookups ??= { count: 0 }
    this.lookups.count++
    return new Query({
      ...this,
      message: writeQuery(key, type, { id: this.id, flags: this.flags & 0x0110, class: this.class }),
      questionEnd: 12 + key.length + 4,
      key,
      hash: hashOf(key),
      type,
      received: performance.now(),
      depth: this.depth + 1,
    })
  }
}

/** An EDNS option (RFC 6891 §6.1.2). */
export function writeOption(code: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(code, 0)
  head.writeUInt16BE(data.length, 2)
  return Buffer.concat([head, data])
}

/** A query message without EDNS. `flags` is the header's second word; RD and CD are usual. */
export function writeQuery(key: string, type: number, { id = 0, flags = 0x0100, class: classCode = 1 } = {}): Buffer {
  const message = Buffer.alloc(12 + key.length + 4)
  message.writeUInt16BE(id, 0)
  message.writeUInt16BE((flags & ~0x7800) | (OPCODE.QUERY << 11), 2)
  message.writeUInt16BE(1, 4)
  message.write(key, 12, 'latin1')
  message.writeUInt16BE(type, 12 + key.length)
  message.writeUInt16BE(classCode, 14 + key.length)
  return message
}

/** An OPT record (RFC 6891 §6.1.2), `extendedRcode` being the upper eight bits of the rcode. */
export function writeOpt(udpSize: number, { dnssecOk = false, extendedRcode = 0, options = new Uint8Array(0) } = {}): Buffer {
  const opt = Buffer.alloc(11 + options.length)
  opt.writeUInt16BE(TYPE.OPT, 1)
  opt.writeUInt16BE(udpSize, 3)
  opt[5] = extendedRcode
  if (dnssecOk) opt[7] = 0x80
  opt.writeUInt16BE(options.length, 9)
  opt.set(options, 11)
  return opt
}

/** A member of an etcd cluster, as far as it is read: ranges, users with tokens, leases. It misbehaves where its script does. */
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { numeric, ProtobufReader, sized } from '#src/protobuf-reader.ts'
import { writeField } from '#src/protobuf-writer.ts'
import { GrpcServer, type ListenOptions, listening, refuse } from './grpc-server.ts'

/** Sees to a call of a method (`Range`) in place of the member; false where it does not. */
export type EtcdScript = (method: string, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean

interface Entry {
  readonly value: string | Uint8Array
  readonly lease: number
}

const ERRORS = {
  emptyUser: ['3', 'etcdserver: user name is empty'],
  badToken: ['16', 'etcdserver: invalid auth token'],
  badPassword: ['3', 'etcdserver: authentication failed, invalid user ID or password'],
  notEnabled: ['9', 'etcdserver: authentication is not enabled'],
  noLeader: ['14', 'etcdserver: no leader'],
} as const

export function fail(stream: ServerHttp2Stream, error: keyof typeof ERRORS): undefined {
  const [code, message] = ERRORS[error]
  return refuse(stream, { 'grpc-status': code, 'grpc-message': message })
}

export class FakeEtcd extends GrpcServer {
  readonly #entries = new Map<string, Entry>()
  /** Names and passwords; undefined where everybody may read. */
  users: ReadonlyMap<string, string> | undefined
  /** Those that are valid. */
  readonly tokens = new Set<string>()
  /** Seconds that leases last, by their numbers. */
  readonly leases = new Map<number, number>()
  script: EtcdScript = () => false
  /** The methods that were called. */
  readonly calls: string[] = []
  /** The keys that ranges began with. */
  readonly ranges: string[] = []

  /** @param values by key, JSON as it is or as an object */
  static async start(values: Readonly<Record<string, unknown>> = {}, options: ListenOptions = {}): Promise<FakeEtcd> {
    const etcd = new FakeEtcd(await listening(options))
    for (const [key, value] of Object.entries(values)) etcd.put(key, value)
    return etcd
  }

  private constructor(server: Http2Server) {
    super(server)
  }

  put(key: string, value: unknown, lease = 0): void {
    const octets = typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
    this.#entries.set(key, { value: octets, lease })
  }

  protected answer(message: Buffer, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Uint8Array | undefined {
    const method = `${headers[':path']}`.split('/').at(-1)!
    this.calls.push(method)
    if (this.script(method, stream, headers)) return undefined
    const fields = read(message)
    if (method === 'Authenticate') return this.#authenticate(fields, stream)
    if (this.users && headers.token === undefined) return fail(stream, 'emptyUser')
    if (this.users && !this.tokens.has(`${headers.token}`)) return fail(stream, 'badToken')
    if (method === 'Range') return this.#range(fields)
    if (method === 'LeaseTimeToLive') return ttl(this.leases.get(Number(fields.get(1))))
    return refuse(stream, { 'grpc-status': '12' })
  }

  #authenticate(fields: Fields, stream: ServerHttp2Stream): Uint8Array | undefined {
    if (!this.users) return fail(stream, 'notEnabled')
    if (this.users.get(`${fields.get(1)}`) !== `${fields.get(2)}`) return fail(stream, 'badPassword')
    const token = `token.${this.calls.length}`
    this.tokens.add(token)
    return writeField(2, token)
  }

  #range(fields: Fields): Uint8Array {
    const key = `${fields.get(1)}`
    const end = fields.has(2) ? `${fields.get(2)}` : `${key}\0`
    this.ranges.push(key)
    const found = [...this.#entries].filter(([name]) => name >= key && name < end).sort(([a], [b]) => (a < b ? -1 : 1))
    const kept = found.slice(0, Number(fields.get(3) ?? found.length))
    const kvs = kept.map(([name, { value, lease }]) =>
      writeField(
        2,
        Buffer.concat([writeField(1, name), writeField(2, 7), writeField(5, value), ...(lease ? [writeField(6, lease)] : [])]),
      ),
    )
    return Buffer.concat([writeField(1, writeField(3, 7)), ...kvs, writeField(4, found.length)])
  }
}

type Fields = ReadonlyMap<number, string | number>

function read(message: Buffer): Fields {
  const fields = new Map<number, string | number>()
  const reader = new ProtobufReader(message)
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    const field = tag >> 3
    if (tag === sized(field)) fields.set(field, reader.text())
    else if (tag === numeric(field)) fields.set(field, reader.number())
    else reader.skip(tag)
  }
  return fields
}

/** -1 of a lease that is gone, in 64 bits. */
const ttl = (seconds: number | undefined): Uint8Array =>
  seconds === undefined ? Buffer.of(numeric(3), ...Array(9).fill(255), 1) : writeField(3, seconds)

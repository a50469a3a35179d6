/** Messages of etcd's API, as much of them as is needed (go.etcd.io/etcd/api/v3: etcdserverpb/rpc.proto, mvccpb/kv.proto). */
import { CallError, STATUS } from '#src/grpc/status.ts'
import { Malformed, numeric, ProtobufReader, sized } from '#src/protobuf-reader.ts'
import { writeField } from '#src/protobuf-writer.ts'

export const RANGE = '/etcdserverpb.KV/Range'
export const AUTHENTICATE = '/etcdserverpb.Auth/Authenticate'
export const TIME_TO_LIVE = '/etcdserverpb.Lease/LeaseTimeToLive'

export interface KeyValue {
  readonly key: string
  readonly value: Buffer
  /** The number of its lease as it is written, one character for each octet: it has 64 bits. Empty for none. */
  readonly lease: string
}

/** Whoever is asked says what it knows, without asking others (`serializable`). @param end behind the last key; undefined for `key` alone */
export const writeRange = (key: string, end: string | undefined, limit: number): Buffer =>
  Buffer.concat([writeField(1, key), ...(end === undefined ? [] : [writeField(2, end)]), writeField(3, limit), writeField(7, 1)])

/** @returns in the order of the keys; rejects with a CallError */
export function readRange(message: Buffer): KeyValue[] {
  const found: KeyValue[] = []
  readFields(message, (reader, tag) => {
    if (tag === sized(2)) found.push(readKeyValue(reader.within()))
    else reader.skip(tag)
  })
  return found
}

function readKeyValue(reader: ProtobufReader): KeyValue {
  let key = ''
  let value: Buffer = Buffer.alloc(0)
  let lease = ''
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === sized(1)) key = reader.text()
    else if (tag === sized(5)) {
      const { at, end } = reader.within()
      value = reader.bytes.subarray(at, end)
    } else if (tag === numeric(6)) {
      const start = reader.at
      if (reader.number() !== 0) lease = reader.bytes.toString('latin1', start, reader.at)
    } else reader.skip(tag)
  }
  return { key, value, lease }
}

export const writeAuthenticate = (name: string, password: string): Buffer =>
  Buffer.concat([writeField(1, name), writeField(2, password)])

/** The token. @throws {CallError} */
export function readAuthenticate(message: Buffer): string {
  let token = ''
  readFields(message, (reader, tag) => {
    if (tag === sized(2)) token = reader.text()
    else reader.skip(tag)
  })
  return token
}

/** @param lease as a {@link KeyValue} has it */
export const writeTimeToLive = (lease: string): Buffer => Buffer.from(String.fromCharCode(numeric(1)) + lease, 'latin1')

/** Seconds; 0 of a lease that has ended. @throws {CallError} */
export function readTimeToLive(message: Buffer): number {
  let seconds = 0
  readFields(message, (reader, tag) => {
    if (tag === numeric(3)) seconds = reader.number()
    else reader.skip(tag)
  })
  // A number below 0, in 64 bits.
  return seconds < 2 ** 63 ? seconds : 0
}

/** @throws {CallError} */
function readFields(message: Buffer, take: (reader: ProtobufReader, tag: number) => void): void {
  const reader = new ProtobufReader(message)
  try {
    for (let tag = reader.next(); tag !== 0; tag = reader.next()) take(reader, tag)
  } catch (error) {
    if (error instanceof Malformed) throw new CallError(STATUS.INTERNAL, `no message of etcd: ${error.message}`)
    throw error
  }
}

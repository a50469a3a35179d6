/** Messages of dnstap (dnstap.info, dnstap.proto) as Protocol Buffers. */
import { Buffer } from 'node:buffer'
import { sinceEpoch } from '#src/clock.ts'
import { toOctets } from '#src/dns/address.ts'
import type { Transport } from '#src/dns/query.ts'
import type { Endpoint } from '#src/plugin.ts'
import { FieldWriter, writeField } from '#src/protobuf-writer.ts'

/** `Message.Type` */
export const TYPE = { CLIENT_QUERY: 5, CLIENT_RESPONSE: 6, FORWARDER_QUERY: 7, FORWARDER_RESPONSE: 8 } as const

const INET = 1
const INET6 = 2

/** `SocketProtocol` */
const PROTOCOL: Readonly<Record<Transport, number>> = { udp: 1, tcp: 2, tls: 3, https: 4, grpc: 2 }

/** `Dnstap.Type` */
const MESSAGE = 1

/** A DNS message on its way, and what is reported of it. Times are by `performance.now()`. */
export interface Sighting {
  readonly type: (typeof TYPE)[keyof typeof TYPE]
  readonly transport: Transport
  /** Who asks, and who is asked; undefined for what is not told. */
  readonly initiator: Endpoint | undefined
  readonly responder: Endpoint | undefined
  readonly queried: number
  /** Of a response, when it was sent or came. */
  readonly responded: number | undefined
  /** The DNS message. */
  readonly octets: Uint8Array
}

/** The fields of `Dnstap` that are the same in all messages. */
export const commonFields = (identity: string, version: string): Buffer =>
  Buffer.concat([writeField(1, identity), writeField(2, version), writeField(15, MESSAGE)])

/** The field of `Dnstap` with text of the operator's. */
export const extraField = (text: string): Buffer => writeField(3, text)

/** Room for the fields of a message with the longest DNS message; all others take less than 100 octets. */
const message = new FieldWriter(Buffer.alloc(100 + 65_535))
const whole = new FieldWriter(Buffer.alloc(110 + 65_535))

/** The field of `Dnstap` that is the message, in memory that the next call writes over. @param full with the DNS message */
export function messageField(
  { type, transport, initiator, responder, queried, responded, octets }: Sighting,
  full: boolean,
): Uint8Array {
  const from = initiator && octetsOf(initiator)
  const to = responder && octetsOf(responder)
  message.number(1, type)
  message.number(2, (from ?? to)?.length === 4 ? INET : INET6)
  message.number(3, PROTOCOL[transport])
  if (from) message.octets(4, from)
  if (to) message.octets(5, to)
  if (initiator) message.number(6, initiator.port)
  if (responder) message.number(7, responder.port)
  writeTime(8, queried)
  if (responded === undefined) {
    if (full) message.octets(10, octets)
  } else {
    writeTime(12, responded)
    if (full) message.octets(14, octets)
  }
  whole.octets(14, message.take())
  return whole.take()
}

/** An address of a link has a zone index behind it. */
const octetsOf = ({ address }: Endpoint): Uint8Array | undefined => toOctets(address.split('%', 1)[0]!)

/** The seconds, and the nanoseconds as the field behind it. */
function writeTime(field: number, time: number): void {
  const milliseconds = sinceEpoch(time)
  const seconds = Math.floor(milliseconds / 1000)
  message.number(field, seconds)
  message.fixed32(field + 1, Math.floor((milliseconds - seconds * 1000) * 1e6))
}

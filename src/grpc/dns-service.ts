/** CoreDNS's service of gRPC: `rpc Query (DnsPacket) returns (DnsPacket)`, and `message DnsPacket { bytes msg = 1; }`. */
import { Malformed, ProtobufReader, sized } from '../protobuf-reader.ts'
import { writeField } from '../protobuf-writer.ts'
import { CallError, STATUS } from './status.ts'

export const QUERY = '/coredns.dns.DnsService/Query'

const LONGEST_MESSAGE = 65_535
/** Of a packet, in octets: the tag of the message and its length stand before it. */
export const LONGEST_PACKET = 4 + LONGEST_MESSAGE

const MESSAGE = sized(1)

export const writePacket = (message: Uint8Array): Buffer => writeField(1, message)

/** The message that a packet holds. @throws {CallError} */
export function readPacket(packet: Buffer): Buffer {
  try {
    const reader = new ProtobufReader(packet)
    let message: Buffer = Buffer.alloc(0)
    for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
      if (tag !== MESSAGE) {
        reader.skip(tag)
        continue
      }
      const { at, end } = reader.within()
      message = packet.subarray(at, end)
    }
    return message
  } catch (error) {
    if (error instanceof Malformed) throw new CallError(STATUS.INTERNAL, `no DnsPacket: ${error.message}`)
    throw error
  }
}

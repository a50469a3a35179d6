import { randomInt } from 'node:crypto'
import { FLAG, OPCODE, RCODE, rcodeName, TYPE } from '#src/dns/codes.ts'
import { endOfName, FormatError, readKey } from '#src/dns/message.ts'
import { toText } from '#src/dns/name.ts'
import { writeQuery } from '#src/dns/query.ts'
import { readUint16 } from '#src/dns/sections.ts'
import { type Logger, type Peer, type PeerEvents, type PeerSocket, type Server, written } from '#src/plugin.ts'

/** As CoreDNS: so many messages, and so many milliseconds for the answer to each. */
const TRIES = 3
const TIMEOUT = 2000

/** A zone that the server has not said to have heard of. */
interface Untold {
  readonly key: string
  readonly id: number
  tries: number
  timer: NodeJS.Timeout | undefined
  /** What came of the last try. */
  outcome: string
}

/** Tells one server of zones that there is another version of (RFC 1996), until it says that it has heard. */
export class Notifier implements PeerEvents {
  readonly #peer: Peer
  readonly #server: Server
  readonly #log: Logger
  readonly #untold = new Map<string, Untold>()
  /** There while something is untold. */
  #socket: PeerSocket | undefined
  #isBroken = false

  constructor(peer: Peer, server: Server, log: Logger) {
    this.#peer = peer
    this.#server = server
    this.#log = log
  }

  /** @param key of the zone */
  notify(key: string): void {
    this.#forget(key)
    const untold: Untold = { key, id: randomInt(0x10000), tries: 0, timer: undefined, outcome: 'no answer' }
    this.#untold.set(key, untold)
    void this.#tell(untold)
  }

  stop(): void {
    for (const key of this.#untold.keys()) this.#forget(key)
  }

  async #tell(untold: Untold): Promise<void> {
    const { key, id, outcome } = untold
    if (untold.tries++ === TRIES) {
      const { address, port } = this.#peer
      this.#forget(key)
      this.#log.warn(`notify for zone "${toText(key)}" was not accepted by ${address} port ${port}: ${outcome}`)
      return
    }
    untold.timer = setTimeout(() => this.#tell(untold), TIMEOUT)
    const connect = await this.#server.udp().catch(error => this.failed(error))
    // Another version may have come, or the server stops.
    if (!connect || this.#untold.get(key) !== untold) return
    if (this.#isBroken) this.#close()
    this.#socket ??= connect(this.#peer, this)
    this.#socket.send(written(notification(key, id)))
  }

  #forget(key: string): void {
    clearTimeout(this.#untold.get(key)?.timer)
    this.#untold.delete(key)
    if (this.#untold.size === 0) this.#close()
  }

  #close(): void {
    this.#socket?.close()
    this.#socket = undefined
    this.#isBroken = false
  }

  received(message: Buffer): void {
    const untold = this.#untold.get(zoneIn(message) ?? '')
    if (untold?.id !== readUint16(message, 0)) return
    const rcode = message[3]! & 15
    if (rcode === RCODE.NOERROR) this.#forget(untold.key)
    else untold.outcome = `rcode was "${rcodeName(rcode)}"`
  }

  failed({ message }: Error): void {
    this.#isBroken = true
    for (const untold of this.#untold.values()) untold.outcome = message
  }
}

/** RFC 1996 §3.7, without the SOA record: it would be a hint that nobody may trust. */
function notification(key: string, id: number): Buffer {
  const message = writeQuery(key, TYPE.SOA, { id })
  message.writeUInt16BE((OPCODE.NOTIFY << 11) | FLAG.AA, 2)
  return message
}

/** The key of the zone that a message answers a notification of. */
function zoneIn(message: Buffer): string | undefined {
  if (message.length < 12 || (readUint16(message, 2) & 0xf800) !== (FLAG.QR | (OPCODE.NOTIFY << 11))) return undefined
  try {
    endOfName(message, 12)
    return readKey(message, 12)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

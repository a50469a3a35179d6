import { createSocket, type Socket } from 'node:dgram'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { outcome } from './verify.ts'

/** A query without a reply is lost after so many milliseconds. */
const PATIENCE = 500

/** A client that asks for the A records of one name without pause, the next query as soon as the reply is there, and judges every reply. */
export class Watcher implements Disposable {
  readonly counts = { asked: 0, empty: 0, wrong: 0, lost: 0 }
  readonly #socket: Socket
  readonly #query: Buffer
  /** Outcomes by the octets of the reply behind its id: few, and reading one takes longer than asking. */
  readonly #outcomes = new Map<string, string>()
  readonly #wrong = new Set<string>()
  #timer: NodeJS.Timeout
  #right: string
  /** What a change will make right. */
  #next: string | undefined
  #seen: ((delay: number | undefined) => void) | undefined

  /** @param right the outcome that is right now, as {@link outcome} writes it */
  constructor(port: number, name: string, right: string) {
    this.#right = right
    this.#query = queryMessage(name, 'A')
    this.#timer = setInterval(() => this.#again(), PATIENCE)
    this.#socket = createSocket('udp4')
    this.#socket.on('message', reply => this.#judge(reply))
    this.#socket.connect(port, '127.0.0.1', () => this.#ask())
  }

  /** The first replies that were wrong. */
  get examples(): string[] {
    return [...this.#wrong].slice(0, 3).map(text => `wrong: ${text}`)
  }

  /**
   * Does a change after which another outcome is right; until it is seen the old one is right, too, and never again after.
   * @param timeout milliseconds
   * @returns milliseconds from before the change to the reply that told it; undefined when that did not come in time
   */
  async expect(next: string, timeout: number, change: () => void): Promise<number | undefined> {
    this.#next = next
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    this.#seen = resolve
    const late = setTimeout(resolve, timeout, undefined)
    const start = performance.now()
    change()
    const end = await promise
    clearTimeout(late)
    return end === undefined ? undefined : end - start
  }

  #ask(): void {
    this.counts.asked++
    this.#query.writeUInt16BE(this.counts.asked & 0xffff, 0)
    this.#socket.send(this.#query)
    this.#timer.refresh()
  }

  #again(): void {
    this.counts.lost++
    this.#ask()
  }

  #judge(reply: Buffer): void {
    if (reply.readUInt16BE(0) !== this.#query.readUInt16BE(0)) return
    const now = performance.now()
    const octets = reply.toString('latin1', 2)
    let told = this.#outcomes.get(octets)
    if (told === undefined) {
      told = outcome(readAnswer(reply))
      this.#outcomes.set(octets, told)
    }
    if (told === this.#next) {
      this.#right = told
      this.#next = undefined
      this.#seen?.(now)
    } else if (told !== this.#right) this.#count(told)
    this.#ask()
  }

  #count(told: string): void {
    if (told === 'NOERROR') this.counts.empty++
    else this.counts.wrong++
    this.#wrong.add(`${told} instead of ${[this.#right, this.#next].filter(Boolean).join(' or ')}`)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#socket.close()
  }
}

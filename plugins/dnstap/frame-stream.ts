import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { CONTENT_TYPE, CONTROL, type ControlFrame, controlFrame, readControlFrame } from './control-frame.ts'

/** How long the other side may take for each step, in milliseconds; as CoreDNS. */
const PATIENCE = 4000

/** Events of a stream, each at most once. */
export interface StreamEvents {
  /** It takes frames. */
  opened(stream: FrameStream): void
  /** It has ended. @param reason undefined if it was stopped */
  closed(stream: FrameStream, reason: Error | undefined): void
}

/** A connection that frames are sent through: READY, ACCEPT from the other side, START, frames, STOP, FINISH from the other side. */
export class FrameStream {
  readonly #socket: Socket
  readonly #events: StreamEvents
  readonly #settled = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()
  #state: 'connecting' | 'ready' | 'open' | 'stopping' = 'connecting'
  #received = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined
  #error: Error | undefined

  /** @param socket one that connects, or is connected */
  constructor(socket: Socket | TLSSocket, events: StreamEvents) {
    this.#socket = socket
    this.#events = events
    // What is to go together is put together before.
    socket.setNoDelay(true)
    this.#expect()
    if (socket.readyState === 'open') this.#begin()
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => this.#begin())
    socket.on('data', (data: Buffer) => this.#read(data))
    socket.on('error', error => {
      this.#error ??= error
    })
    socket.once('close', () => {
      clearTimeout(this.#timer)
      this.#settled.resolve()
      this.#closed.resolve()
      events.closed(this, this.#state === 'stopping' ? undefined : (this.#error ?? new Error('EOF')))
    })
  }

  /** Fulfilled when it takes frames, or has ended. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Whether it has come to speak with the other side. */
  get isConnected(): boolean {
    return this.#state !== 'connecting'
  }

  /** Octets that wait for the other side to read. */
  get backlog(): number {
    return this.#socket.writableLength
  }

  /** Sends whole frames; says whether the kernel has taken them. Who does not read them in time is left. */
  send(frames: Uint8Array): Promise<boolean> {
    return new Promise(resolve => {
      const late = setTimeout(() => this.destroy(new Error('i/o timeout')), PATIENCE)
      this.#socket.write(frames, error => {
        clearTimeout(late)
        resolve(!error && !this.#socket.destroyed)
      })
    })
  }

  /** Says that no more comes, and waits until the other side has it all, or is gone. */
  async stop(): Promise<void> {
    if (this.#state === 'open') {
      this.#socket.write(controlFrame(CONTROL.STOP))
      this.#expect()
    } else this.destroy()
    this.#state = 'stopping'
    await this.#closed.promise
  }

  destroy(reason?: Error): void {
    this.#error ??= reason
    this.#socket.destroy()
  }

  #begin(): void {
    this.#state = 'ready'
    this.#socket.write(controlFrame(CONTROL.READY, CONTENT_TYPE))
    this.#expect()
  }

  /** The other side has so long for the next step. */
  #expect(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.destroy(new Error('i/o timeout')), PATIENCE)
  }

  #read(data: Buffer): void {
    // Whoever takes frames has nothing to say meanwhile.
    if (this.#state === 'open') return
    this.#received = Buffer.concat([this.#received, data])
    try {
      const frame = readControlFrame(this.#received)
      if (!frame) return
      this.#received = this.#received.subarray(frame.end)
      this.#take(frame)
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  #take({ type, contentTypes }: ControlFrame): void {
    if (this.#state === 'ready' && type === CONTROL.ACCEPT) {
      // Who names no type takes all.
      const isTaken = contentTypes.length === 0 || contentTypes.some(each => CONTENT_TYPE.equals(each))
      if (!isTaken) throw new Error('content type mismatch')
      clearTimeout(this.#timer)
      this.#state = 'open'
      this.#socket.write(controlFrame(CONTROL.START, CONTENT_TYPE))
      this.#events.opened(this)
      this.#settled.resolve()
    } else if (this.#state === 'stopping' && type === CONTROL.FINISH) this.#socket.destroySoon()
    else throw new Error('decoding error')
  }
}

import { type ClientHttp2Session, connect } from 'node:http2'
import type { Socket } from 'node:net'
import { getSystemErrorMessage } from 'node:util'
import { Backoff, type Pace } from '../backoff.ts'
import { reasonOf } from './request.ts'
import { CallError, STATUS } from './status.ts'
import { ask, Lost, type UnaryCall } from './unary.ts'

/** Calls under way; those that the server does not take at a time wait in Node. */
const DEPTH = 1024
/** Milliseconds for a connection to stand, TLS and the server's settings included. */
const DIAL = 5000
/** Milliseconds for an answer to a ping. */
const PING = 1000
const PACE: Pace = { backoff: [250, 2000], healthy: 10_000 }

/** How a server is reached. */
export interface ChannelSettings {
  /** `ADDRESS:PORT`, or the path of a socket. */
  readonly to: string
  readonly secure: boolean
  dial(): Socket
}

/** Calls to one server, any number of them at a time over one connection, which is opened when there is something to ask. */
export class Channel {
  readonly #settings: ChannelSettings
  readonly #backoff = new Backoff(PACE)
  /** Carries the calls. */
  #session: ClientHttp2Session | undefined
  /** The last that was dialled. */
  #newest: ClientHttp2Session | undefined
  #opening: Promise<ClientHttp2Session> | undefined
  /** Why there is no connection. Another is tried after a while; until then, calls fail with this at once. */
  #failure: CallError | undefined
  #retry: NodeJS.Timeout | undefined
  /** Of the last connection; undefined where nothing has worked since a failure. */
  #openedAt: number | undefined
  #heardAt = 0
  #pinging = false
  #inFlight = 0
  #closed = false

  constructor(settings: ChannelSettings) {
    this.#settings = settings
  }

  /** Whether asking is of no use at the moment. */
  get isDown(): boolean {
    return this.#failure !== undefined
  }

  /** @param milliseconds that it may take @returns what is answered; rejects with a CallError */
  async call(call: UnaryCall, milliseconds: number): Promise<Buffer> {
    if (this.#inFlight >= DEPTH) throw new CallError(STATUS.RESOURCE_EXHAUSTED, `more than ${DEPTH} calls in flight`)
    this.#inFlight++
    const end = performance.now() + milliseconds
    try {
      return await this.#try(call, end)
    } catch (error) {
      if (!(error instanceof Lost)) throw error
      return await this.#tryAgain(call, end)
    } finally {
      this.#inFlight--
    }
  }

  async #try(call: UnaryCall, end: number): Promise<Buffer> {
    const session = this.#session ?? (await before(end, this.#open()))
    const sentAt = performance.now()
    try {
      return await ask(session, call, end - sentAt, () => {
        this.#heardAt = performance.now()
      })
    } catch (error) {
      if ((error as CallError).code === STATUS.DEADLINE_EXCEEDED && this.#heardAt < sentAt) this.#prove(session)
      throw error
    }
  }

  /** Over another connection; one that is lost as well is one too many. */
  async #tryAgain(call: UnaryCall, end: number): Promise<Buffer> {
    try {
      return await this.#try(call, end)
    } catch (error) {
      if (error instanceof Lost && !this.#session) this.#fail(error)
      throw error
    }
  }

  #open(): Promise<ClientHttp2Session> {
    return this.#failure ? Promise.reject(this.#failure) : this.#connect()
  }

  #connect(): Promise<ClientHttp2Session> {
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  #dial(): Promise<ClientHttp2Session> {
    const { promise, resolve, reject } = Promise.withResolvers<ClientHttp2Session>()
    const { to, secure, dial } = this.#settings
    const authority = `${secure ? 'https' : 'http'}://${isPath(to) ? 'localhost' : to}`
    const socket = dial()
    const session = connect(authority, { createConnection: () => socket, settings: { enablePush: false } })
    this.#newest = session
    let isOpen = false
    const end = (reason: string) => {
      clearTimeout(late)
      this.#leave(session)
      if (isOpen || this.#newest !== session) return
      this.#newest = undefined
      const failure = new CallError(STATUS.UNAVAILABLE, `connection error: desc = "${reason}"`)
      this.#fail(failure)
      reject(failure)
      session.destroy()
    }
    const late = setTimeout(() => end('timed out waiting for server handshake'), DIAL)
    session
      .once('remoteSettings', () => {
        clearTimeout(late)
        isOpen = true
        this.#session = session
        this.#failure = undefined
        this.#openedAt = performance.now()
        resolve(session)
      })
      .on('goaway', () => this.#leave(session))
      .on('error', error => end(describe(error, this.#settings)))
      .on('close', () => end('error reading server preface: EOF'))
    // That the server does not want its certificate a client learns after the handshake of TLS 1.3, and the session does not.
    socket.on('error', error => end(describe(error, this.#settings)))
    return promise
  }

  /** Asks nothing more over it. */
  #leave(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined
  }

  #fail(failure: CallError): void {
    if (this.#closed) return
    this.#failure = failure
    const worked = this.#openedAt === undefined ? 0 : performance.now() - this.#openedAt
    this.#openedAt = undefined
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#connect().catch(() => {}), this.#backoff.wait(worked))
  }

  /** A call was not answered in time, and no other either: a connection that does not stand is given up. */
  #prove(session: ClientHttp2Session): void {
    if (this.#pinging || this.#session !== session || session.destroyed) return
    this.#pinging = true
    const late = setTimeout(() => {
      this.#leave(session)
      this.#fail(new CallError(STATUS.UNAVAILABLE, 'connection error: desc = "no answer to a ping"'))
      session.destroy()
    }, PING)
    session.ping(() => {
      clearTimeout(late)
      this.#pinging = false
    })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#newest?.destroy()
  }
}

const isPath = (to: string): boolean => to.startsWith('/')

/** Why there is no connection, in the words of Go's library of gRPC. */
function describe(error: NodeJS.ErrnoException, { to, secure }: ChannelSettings): string {
  const { syscall, errno } = error
  if (syscall === 'connect' && errno !== undefined)
    return `transport: Error while dialing: dial ${isPath(to) ? 'unix' : 'tcp'} ${to}: connect: ${getSystemErrorMessage(errno)}`
  return `${secure ? 'transport: authentication handshake failed' : 'error reading server preface'}: ${reasonOf(error)}`
}

/** What `promise` comes to, if it does so before a time of `performance.now()`. @throws {CallError} it does not */
async function before<T>(end: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      reject(new CallError(STATUS.DEADLINE_EXCEEDED, 'context deadline exceeded while waiting for connections to become ready')),
    end - performance.now(),
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

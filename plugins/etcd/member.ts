import { Channel, type ChannelSettings } from '#src/grpc/channel.ts'
import { type CallError, STATUS } from '#src/grpc/status.ts'
import { AUTHENTICATE, readAuthenticate, writeAuthenticate } from './messages.ts'
import type { Options } from './options.ts'

/** Of a token, in octets; a JWT has some hundred. */
const LONGEST_TOKEN = 65_536

/** What a member says of a call without a valid token, other than UNAUTHENTICATED: authentication was switched on meanwhile, or its users have changed. */
const STALE = ['etcdserver: user name is empty', 'etcdserver: revision of auth store is old']

interface Call {
  /** `/SERVICE/METHOD` */
  readonly path: string
  readonly message: Buffer
  /** Of what is answered, in octets. */
  readonly longest: number
  /** Whether a member that knows of no leader is to say so: what it knows may be old. */
  readonly needsLeader: boolean
}

/** One member of a cluster. */
export class Member {
  /** As errors name it. */
  readonly name: string
  readonly #channel: Channel
  readonly #user: Options['user']
  /** Of the user; empty where the cluster wants none. */
  #token: Promise<string> | undefined

  constructor(settings: ChannelSettings, user: Options['user']) {
    this.name = settings.to
    this.#channel = new Channel(settings)
    this.#user = user
  }

  get isDown(): boolean {
    return this.#channel.isDown
  }

  /** @param milliseconds that it may take @returns what is answered; rejects with a CallError */
  async call(call: Call, milliseconds: number): Promise<Buffer> {
    if (!this.#user) return this.#call(call, milliseconds)
    const end = performance.now() + milliseconds
    const held = this.#authenticate(this.#user, milliseconds)
    const token = await held
    try {
      return await this.#call(call, end - performance.now(), token)
    } catch (error) {
      if (!isStale(error as CallError)) throw error
    }
    // Tokens expire, and are lost when a member starts again.
    if (this.#token === held) this.#token = undefined
    const fresh = await this.#authenticate(this.#user, end - performance.now())
    return this.#call(call, end - performance.now(), fresh)
  }

  #authenticate({ name, password }: NonNullable<Options['user']>, milliseconds: number): Promise<string> {
    const message = writeAuthenticate(name, password)
    const call = { path: AUTHENTICATE, message, longest: LONGEST_TOKEN, needsLeader: true }
    this.#token ??= this.#call(call, milliseconds)
      .then(readAuthenticate)
      .catch((error: CallError) => {
        // The cluster knows no users.
        if (error.code === STATUS.FAILED_PRECONDITION) return ''
        this.#token = undefined
        throw error
      })
    return this.#token
  }

  #call({ path, message, longest, needsLeader }: Call, milliseconds: number, token = ''): Promise<Buffer> {
    const metadata = { ...(needsLeader && { hasleader: 'true' }), ...(token !== '' && { token }) }
    return this.#channel.call({ path, message, longest, metadata }, milliseconds)
  }

  close(): void {
    this.#channel.close()
  }
}

const isStale = ({ code, message }: CallError): boolean =>
  code === STATUS.UNAUTHENTICATED || (code === STATUS.INVALID_ARGUMENT && STALE.includes(message))

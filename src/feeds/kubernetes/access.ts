/** How an API server is reached, and what it is shown. */
export interface Access {
  /** `https://HOST:PORT`, and the path that the API is below, where it is. */
  readonly server: string
  /** In PEM, whom to trust and what to show. */
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    /** The name that the server's certificate is for, where it is not the host's. */
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
  /** Headers that say who asks. */
  readonly headers: Readonly<Record<string, string>>
}

/** Where that is written down. */
export interface AccessSource {
  /** Two sources with the same key are one. */
  readonly key: string
  /** As logs and metrics name it: `kubernetes`, `kubernetes kubeconfig FILE`. */
  readonly name: string
  /**
   * What it says now.
   * @param renew what it said last was not accepted
   * @throws {Error} it says nothing of use
   */
  read(renew: boolean): Access | Promise<Access>
}

/** Milliseconds that what was read is good for: files of tokens and certificates are replaced under their names. */
const FRESH = 60_000

/** What a source says, read again from time to time. What was read last stays while the source cannot be read. */
export class Credentials {
  readonly #source: AccessSource
  #held: Access | undefined
  #readAt = 0
  #reading: Promise<Access> | undefined

  constructor(source: AccessSource) {
    this.#source = source
  }

  async get(): Promise<Access> {
    if (this.#held && performance.now() - this.#readAt < FRESH) return this.#held
    return this.#read(false)
  }

  /** The server cannot be reached with this access: it is read again before it is used again. */
  doubt(): void {
    this.#readAt = Number.NEGATIVE_INFINITY
  }

  /** `refused` was not accepted. @returns what to try instead, which may be the same */
  async renew(refused: Access): Promise<Access> {
    return this.#held && this.#held !== refused ? this.#held : this.#read(true)
  }

  #read(renew: boolean): Promise<Access> {
    this.#reading ??= this.#readNow(renew).finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readNow(renew: boolean): Promise<Access> {
    try {
      this.#held = await this.#source.read(renew)
      this.#readAt = performance.now()
    } catch (error) {
      if (!this.#held || renew) throw error
    }
    return this.#held
  }
}

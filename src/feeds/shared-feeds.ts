import type { Logger } from '../log.ts'
import { Shared } from './shared.ts'

/** What is followed from outside: a feed, a cluster, a zone. */
interface Followed {
  /** Where it logs. */
  log: Logger
  close(): void | Promise<void>
}

/** Opens what is followed once, however many Corefile blocks name it, and keeps it over a reload. */
export class SharedFeeds<T extends Followed, Named extends readonly unknown[]> {
  readonly #key: (...named: Named) => string
  #make: (key: string, log: Logger, ...named: Named) => Promise<T>
  readonly #shared = new Shared<T>()

  constructor(key: (...named: Named) => string, make: (key: string, log: Logger, ...named: Named) => Promise<T>) {
    this.#key = key
    this.#make = make
  }

  /** Sets how each is made from now on. */
  makeBy(way: (key: string, log: Logger, ...named: Named) => Promise<T>): void {
    this.#make = way
  }

  /** One user more; the first one makes it. @param log where it logs from now on */
  async open(log: Logger, ...named: Named): Promise<T> {
    const key = this.#key(...named)
    const followed = await this.#shared.open(key, () => this.#make(key, log, ...named))
    followed.log = log
    return followed
  }

  /** Gives what has this key, as soon as somebody has opened it. To be followed by `leave`. Rejects when aborted before. */
  join(key: string, signal: AbortSignal): Promise<T> {
    return this.#shared.join(key, signal)
  }

  /** One user fewer; the last one closes it. */
  async leave(followed: T): Promise<void> {
    if (this.#shared.leave(followed)) await followed.close()
  }

  /** All that are in use. */
  get all(): T[] {
    return this.#shared.all
  }
}

import type { MessagePort } from 'node:worker_threads'

/** Changes in one report: taking them in costs the serving thread about a millisecond. */
const MAX_CHANGES = 100

/**
 * Posts reports one at a time, each when the one before was taken: a port hands over everything that waits in it at one go, and
 * queries would wait as long.
 */
export class Outbox<Report> {
  readonly #port: MessagePort
  readonly #next: (most: number) => { report: Report; more: boolean }
  #taken = true
  #more = false

  /** @param next makes a report of at most about `most` changes; `more` says that there is another one */
  constructor(port: MessagePort, next: (most: number) => { report: Report; more: boolean }) {
    this.#port = port
    this.#next = next
    port.on('message', message => {
      if (message !== 'taken') return
      this.#taken = true
      if (this.#more) this.flush()
    })
  }

  /** Posts the next report, now or when the one before has been taken. */
  flush(): void {
    this.#more = true
    if (!this.#taken) return
    const { report, more } = this.#next(MAX_CHANGES)
    this.#more = more
    this.#taken = false
    this.#port.postMessage(report)
  }
}

import { type Native, systemError } from './native.ts'

/** uv_handle_type */
const UV_POLL = 8

export const READABLE = 1
export const WRITABLE = 2

/**
 * Has libuv watch a file descriptor. The uv_poll_t is memory of C: the event loop holds it until uv_close is through and calls `free`, whatever becomes
 * of this object. A worker thread must have closed all of its own when it ends, or Node ends the process; *native* sees to that, but for `worker.terminate()`.
 */
export class Poll {
  readonly #native: Native
  readonly #handle: bigint
  #events = 0

  /**
   * @param wake is called inside a callback of C: it may do no more than make a note and schedule something
   * @throws a system error
   */
  constructor(native: Native, fd: number, wake: () => void) {
    const { calls, loop, pollers } = native
    this.#native = native
    this.#handle = calls.calloc(1n, calls.uv_handle_size(UV_POLL))
    const failure = calls.uv_poll_init(loop, this.#handle, fd)
    if (failure < 0) {
      // libuv does not know it yet.
      calls.free(this.#handle)
      throw systemError('uv_poll_init', -failure, `${fd}`)
    }
    pollers.set(this.#handle, status => {
      // An error that the socket has to report ends the watch.
      if (status < 0) this.#events = 0
      wake()
    })
  }

  /** Calls `wake` again and again while the descriptor is READABLE or WRITABLE; 0 for neither. */
  watch(events: number): void {
    if (events === this.#events) return
    const { calls, polled } = this.#native
    if (events === 0) calls.uv_poll_stop(this.#handle)
    else calls.uv_poll_start(this.#handle, events, polled)
    this.#events = events
  }

  /** The descriptor may be closed right after. */
  close(): void {
    this.#native.closePoll(this.#handle)
  }
}

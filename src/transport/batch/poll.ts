import { type Native, systemError } from './native.ts'

/** uv_handle_type */
const UV_POLL = 8

export const READABLE = 1
export const WRITABLE = 2

const MSG_DONTWAIT = 0x40
const MSG_ERRQUEUE = 0x2000
/** Errors taken out of a socket at a time. */
const ERRORS = 64

/**
 * Has libuv watch a file descriptor. The uv_poll_t is memory of C: the event loop holds it until uv_close is through and calls `free`, whatever becomes
 * of this object. A worker thread must have closed all of its own when it ends, or Node ends the process; *native* sees to that, but for `worker.terminate()`.
 */
export class Poll {
  readonly #native: Native
  readonly #handle: bigint
  readonly #fd: number
  #events = 0
  /** The socket had an error to report. */
  #failed = false

  /**
   * @param wake is called inside a callback of C: it may do no more than make a note and schedule something
   * @throws a system error
   */
  constructor(native: Native, fd: number, wake: () => void) {
    const { calls, loop, pollers } = native
    this.#native = native
    this.#fd = fd
    this.#handle = calls.calloc(1n, calls.uv_handle_size(UV_POLL))
    const failure = calls.uv_poll_init(loop, this.#handle, fd)
    if (failure < 0) {
      // libuv does not know it yet.
      calls.free(this.#handle)
      throw systemError('uv_poll_init', -failure, `${fd}`)
    }
    const notice = (status: number) => {
      // An error that the socket has to report ends the watch.
      if (status < 0) {
        this.#events = 0
        this.#failed = true
      }
      wake()
    }
    pollers.set(this.#handle, { fd, notice })
  }

  /** Calls `wake` again and again while the descriptor is READABLE or WRITABLE; 0 for neither. */
  watch(events: number): void {
    if (events === this.#events) return
    const { calls, polled } = this.#native
    if (this.#failed) this.#forgetErrors()
    if (events === 0) calls.uv_poll_stop(this.#handle)
    else calls.uv_poll_start(this.#handle, events, polled)
    this.#events = events
  }

  /** No read takes away what waits in a socket's error queue (recv(2)): the event loop would be woken for it for ever. */
  #forgetErrors(): void {
    const { calls, ring } = this.#native
    for (let i = 0; i < ERRORS && calls.recv(this.#fd, ring.scratchAt, 0n, MSG_DONTWAIT | MSG_ERRQUEUE) >= 0n; i++);
    this.#failed = false
  }

  /** The descriptor may be closed right after. */
  close(): void {
    this.#native.closePoll(this.#handle)
  }
}

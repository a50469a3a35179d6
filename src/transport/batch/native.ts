/**
 * What the batch transport calls of libc and libuv, through `node:ffi`: there is nothing to compile.
 *
 * A wrong call would break the process, so there is little here, and every rule is kept in one place:
 * - Only Linux on x86-64 and arm64, little endian, is let in. The layouts in `ring.ts` and the constants below are theirs; the self-test tries them.
 * - Library, functions and callbacks are made once a thread and live as long as it does: no address that C was given ever loses what is behind it.
 * - What C keeps over calls is memory of C's own (`poll.ts`), never memory of the garbage collector.
 * - Nothing that is thrown reaches C, as Node would end the process: callbacks only wake somebody up, and do so guarded.
 */
import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { loadFfi } from '../../ffi.ts'
import { Bundles } from './bundles.ts'
import { Moderation, schedulerStatistics } from './moderation.ts'
import { Outbox } from './outbox.ts'
import { Ring } from './ring.ts'

const calls = {
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  bind: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
  connect: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
  getsockname: { arguments: ['i32', 'pointer', 'pointer'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
  getsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'], return: 'i32' },
  recvmmsg: { arguments: ['i32', 'pointer', 'u32', 'i32', 'pointer'], return: 'i32' },
  sendmmsg: { arguments: ['i32', 'pointer', 'u32', 'i32'], return: 'i32' },
  recv: { arguments: ['i32', 'pointer', 'u64', 'i32'], return: 'i64' },
  usleep: { arguments: ['u32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
  calloc: { arguments: ['u64', 'u64'], return: 'pointer' },
  free: { arguments: ['pointer'], return: 'void' },
  __errno_location: { arguments: [], return: 'pointer' },
  uv_ip4_addr: { arguments: ['string', 'i32', 'pointer'], return: 'i32' },
  uv_ip6_addr: { arguments: ['string', 'i32', 'pointer'], return: 'i32' },
  uv_handle_size: { arguments: ['i32'], return: 'u64' },
  uv_poll_init: { arguments: ['pointer', 'pointer', 'i32'], return: 'i32' },
  uv_poll_start: { arguments: ['pointer', 'i32', 'pointer'], return: 'i32' },
  uv_poll_stop: { arguments: ['pointer'], return: 'i32' },
  uv_close: { arguments: ['pointer', 'pointer'], return: 'void' },
} as const

/** What one thread shares among its sockets. */
export type Native = ReturnType<typeof load>

let native: Native | undefined

/** @throws {Error} that says why there are no batches here */
export function openNative(): Native {
  native ??= load()
  return native
}

function load() {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE')
    throw new Error(`not on ${process.platform}/${process.arch}`)
  const ffi = loadFfi()
  const { lib, functions } = ffi.dlopen(null, calls)
  const ring = new Ring(memory => ffi.getRawPointer(memory))
  const wildcardRing = new Ring(memory => ffi.getRawPointer(memory), { wildcard: true })
  const peerRing = new Ring(memory => ffi.getRawPointer(memory), { connected: true })
  const errnoAt = functions.__errno_location()
  /** By address of a uv_poll_t: the descriptor that it watches, and who is told of its events. */
  const pollers = new Map<bigint, { fd: number; notice: (status: number) => void }>()
  const closePoll = (handle: bigint) => {
    if (pollers.delete(handle)) functions.uv_close(handle, functions.free.pointer)
  }
  // Node ends the whole process when a worker thread leaves anything open in its event loop. And a shared port that nobody reads any more must go,
  // as the kernel would go on giving it its share of the queries.
  if (!isMainThread)
    process.once('exit', () => {
      for (const [handle, { fd }] of pollers) {
        closePoll(handle)
        functions.close(fd)
      }
    })
  return {
    // Without it the callbacks would be collected.
    lib,
    calls: functions,
    loop: ffi.getCurrentEventLoop(),
    ring,
    outbox: new Outbox(ring),
    /** For sockets of all addresses. */
    wildcardRing,
    wildcardOutbox: new Outbox(wildcardRing),
    /** For connected sockets: while replies to clients are being put together, so are questions to upstreams. */
    peerRing,
    peerOutbox: new Outbox(peerRing),
    peerBundles: new Bundles(peerRing),
    moderation: new Moderation(microseconds => functions.usleep(microseconds), schedulerStatistics()),
    pollers,
    closePoll,
    raise,
    /** uv_poll_cb */
    polled: lib.registerCallback({ arguments: ['pointer', 'i32', 'i32'], return: 'void' }, (handle, status) =>
      guard(() => pollers.get(handle as bigint)?.notice(status)),
    ),
    /** Why the last call failed. To be asked at once, and to be taken as a hint: what Node does in between may fail as well. */
    errno: () => ffi.getInt32(errnoAt),
  }
}

function guard(body: () => void): void {
  try {
    body()
  } catch (error) {
    raise(error)
  }
}

/** Throws where it is nobody's: as an uncaught exception, after the running callback. */
function raise(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}

/** The system error of a call that failed, as Node would tell it: `bind EADDRINUSE 127.0.0.1:53`. */
export function systemError(call: string, errno: number, where: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${call} ${code} ${where}`), { code, errno: -errno, syscall: call })
}

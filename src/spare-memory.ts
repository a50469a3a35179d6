import { loadFfi } from './ffi.ts'

/** Milliseconds. */
const INTERVAL = 5000

/** From now on gives back, now and then, what malloc(3) holds and nobody uses: compilers of JavaScript take megabytes for moments. */
export function giveBackMemory(): void {
  try {
    const { functions } = loadFfi().dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } })
    setInterval(() => functions.malloc_trim(0n), INTERVAL).unref()
  } catch {
    // There is no malloc_trim in other libraries of C than glibc.
  }
}

import { loadFfi } from './ffi.ts'

/** Milliseconds. */
const INTERVAL = 5000

/** From now on, returns memory that malloc(3) holds unused to the system at intervals: compilers of JavaScript need megabytes for moments. */
export function giveBackMemory(): void {
  try {
    const { functions } = loadFfi().dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } })
    setInterval(() => functions.malloc_trim(0n), INTERVAL).unref()
  } catch {
    // There is no malloc_trim in other libraries of C than glibc.
  }
}

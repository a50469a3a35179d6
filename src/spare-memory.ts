import { readFile } from 'node:fs/promises'
import { loadFfi } from './ffi.ts'

/** Milliseconds. */
const INTERVAL = 5000

/** `mman.h` of Linux. */
const MADV_DONTNEED = 4

/** A file that is mapped privately and cannot be written to, in `/proc/PID/smaps`: first address, the one behind the last, the rest. */
const MAPPED_FILE = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +\/(.*?)^VmFlags/gms

/**
 * From now on gives back what nobody uses: now and then what malloc(3) holds, since compilers of JavaScript take megabytes for moments, and
 * once what of the program itself is in memory. Most of it was read for the start only (30 of 95 MB); the kernel maps again what is asked for.
 */
export function giveBackMemory(): void {
  try {
    const { functions } = loadFfi().dlopen(null, {
      malloc_trim: { arguments: ['u64'], return: 'i32' },
      madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
    })
    setInterval(() => functions.malloc_trim(0n), INTERVAL).unref()
    setTimeout(async () => {
      const maps = await readFile('/proc/self/smaps', 'latin1').catch(() => '')
      for (const [, first, end, rest] of maps.matchAll(MAPPED_FILE)) {
        const [from, to] = [BigInt(`0x${first}`), BigInt(`0x${end}`)]
        // What was written to before it was protected (the loader's relocations) is in no file.
        if (/^Anonymous: +0 kB$/m.test(rest!)) functions.madvise(from, to - from, MADV_DONTNEED)
      }
    }, INTERVAL).unref()
  } catch {
    // There is no malloc_trim in other libraries of C than glibc.
  }
}

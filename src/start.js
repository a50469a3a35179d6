/**
 * The program: shapes the memory of the process, then runs `main.ts`. It is no TypeScript because it runs twice, and what strips types takes
 * longer to load than Node itself.
 */
import { join } from 'node:path'
import { getHeapStatistics } from 'node:v8'

/** Megabytes of heap; with 2 GB or more, V8 keeps a second copy of its built-in code (2 MB) for each thread. */
const HEAP = 2000

const NEEDED = 26
if (Number.parseInt(process.versions.node, 10) < NEEDED) {
  process.stderr.write(
    `istio-coredns needs Node ${NEEDED} or later, and this is ${process.versions.node}: 'npm ci' brings one, which ./istio-coredns takes\n`,
  )
  process.exit(1)
}

// Before anything is loaded this signal asks for nothing, but without a handler Node would open its inspector. (`--disable-sigusr1` blocks it for ever.)
process.on('SIGUSR1', () => {})

// What shapes the memory of the process counts from its first moment only, so it replaces itself once, under the same id. Types that were
// stripped once need not be stripped again: the stripper alone takes 20 MB, and again as much in each thread.
if (process.env.NODE_COMPILE_CACHE === undefined && process.execve) {
  const heap = Math.min(HEAP, Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20))
  const flags = [
    // Four threads that compile and collect garbage at once hold up the one that answers, where cores are few: 45 ms after a large first state.
    '--v8-pool-size=1',
    '--max-semi-space-size=2',
    `--max-old-space-size=${heap}`,
  ]
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...flags, ...process.argv.slice(1)], {
    ...process.env,
    NODE_COMPILE_CACHE: join(import.meta.dirname, '..', 'node_modules', '.cache', 'istio-coredns'),
    // What compilers leave is to be given back, and used by all threads.
    MALLOC_ARENA_MAX: '1',
    MALLOC_TRIM_THRESHOLD_: '131072',
  })
}

await import('./main.ts')

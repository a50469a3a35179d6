/**
 * The program: shapes the memory of the process, then runs `main.ts`. It is no TypeScript because it runs twice, and what strips types takes
 * longer to load than Node itself.
 */
import { join } from 'node:path'

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
  process.execve(process.execPath, [process.execPath, ...process.execArgv, '--max-semi-space-size=2', ...process.argv.slice(1)], {
    ...process.env,
    NODE_COMPILE_CACHE: join(import.meta.dirname, '..', 'node_modules', '.cache', 'istio-coredns'),
    // What compilers leave is to be given back, and used by all threads.
    MALLOC_ARENA_MAX: '1',
    MALLOC_TRIM_THRESHOLD_: '131072',
  })
}

await import('./main.ts')

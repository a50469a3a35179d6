import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Milliseconds without anything read until garbage is collected. */
const QUIET = 500

let timer: NodeJS.Timeout | undefined
let collect: NodeJS.GCFunction | undefined

/** Collects garbage when nothing has been read for a while. V8 itself would wait for more garbage before it gives back what reading took. */
export function collectGarbageSoon(): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    collect ??= exposedCollector()
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, QUIET)
}

/** Collects garbage at once, and in one pass instead of two, as each pass holds up changes that come meanwhile. */
export function collectGarbage(): void {
  collect ??= exposedCollector()
  collect({ type: 'major', execution: 'sync' })
}

/** `gc`, which only contexts have that are made while the flag is set; code compiled with the flag would not be taken without. */
function exposedCollector(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc')
  const collector = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return collector
}

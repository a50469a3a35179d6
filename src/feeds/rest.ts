import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Milliseconds without anything read until the memory that reading took is given back. */
const REST = 500

let timer: NodeJS.Timeout | undefined
let collect: NodeJS.GCFunction | undefined

/** Much was read. V8 itself would wait for more garbage until it gives back what reading took. */
export function restSoon(): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    collect ??= exposedCollector()
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, REST)
}

/** The same at once, and in one pass instead of two: where changes come at any time, each pass holds up one that comes meanwhile. */
export function rest(): void {
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

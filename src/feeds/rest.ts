/** Milliseconds without anything read until the memory that reading took is given back. */
const REST = 500

let timer: NodeJS.Timeout | undefined

/** Much was read. V8 itself would wait for more garbage until it gives back what reading took; `--expose-gc` has it do so. */
export function restSoon(): void {
  clearTimeout(timer)
  timer = setTimeout(() => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }), REST)
}

/** The same at once, and in one pass instead of two: where changes come at any time, each pass holds up one that comes meanwhile. */
export const rest = (): unknown => globalThis.gc?.({ type: 'major', execution: 'sync' })

/** $GENERATE, one line for many records (BIND 9 Administrator Reference Manual §3.5, "The $GENERATE Directive"). */

const MOST = 65_536

const MODES: Readonly<Record<string, (value: number) => string>> = {
  d: value => value.toString(),
  o: value => value.toString(8),
  x: value => value.toString(16),
  X: value => value.toString(16).toUpperCase(),
}

/**
 * The words of each record that `$GENERATE` stands for.
 * @param words behind `$GENERATE`: `START-STOP[/STEP]`, then a record in which `$` and `${OFFSET,WIDTH,MODE}` are the number
 * @throws {RangeError}
 */
export function* generate([range = '', ...template]: readonly string[]): Generator<string[], void, void> {
  const [start, stop, step = 1] =
    /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/
      .exec(range)
      ?.slice(1)
      .map(part => (part ? Number(part) : undefined)) ?? []
  if (start === undefined || stop === undefined || stop < start || stop > 0x7fffffff || step < 1)
    throw new RangeError(`$GENERATE wants START-STOP[/STEP], not '${range}'`)
  if ((stop - start) / step >= MOST) throw new RangeError(`$GENERATE of more than ${MOST} records`)
  for (let value = start; value <= stop; value += step) yield template.map(word => insert(word, value))
}

const insert = (word: string, value: number): string =>
  word.replace(/\\[\s\S]|\$\$|\$(?:\{([^}]*)\})?/g, (found, modifiers: string | undefined) => {
    if (found.startsWith('\\')) return found
    if (found === '$$') return '$'
    const match = /^(-?\d{1,9})(?:,(\d{1,3})(?:,([doxX]))?)?$/.exec(modifiers ?? '0')
    if (!match) throw new RangeError(`$GENERATE wants \${OFFSET[,WIDTH[,MODE]]}, MODE being d, o, x or X: '${found}'`)
    const [, offset, width = '0', mode = 'd'] = match
    const shifted = value + Number(offset)
    if (shifted < 0) throw new RangeError(`$GENERATE of a number below 0: '${found}'`)
    return MODES[mode]!(shifted).padStart(Number(width), '0')
  })

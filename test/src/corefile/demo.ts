import { Directive, type Line } from '#src/corefile/directive.ts'
import { parseCorefile } from '#src/corefile/tree.ts'

/** All uses of `demo` in a block that holds these lines. */
export const directive = (lines: string): Directive => {
  const [block] = parseCorefile(`a.org b.org {\n${lines}\n}`, 'Corefile', {}).blocks
  return new Directive('demo', ['a.org.', 'b.org.'], block!.entries)
}

/** The only use. */
export const line = (text: string): Line => directive(text).once()

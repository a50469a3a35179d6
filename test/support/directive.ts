import { Directive } from '#src/corefile/directive.ts'
import { parseCorefile } from '#src/corefile/tree.ts'

/** What a plugin's `parse` gets for these lines of a server block for example.org; the plugin is the one that the first line names. */
export function directiveOf(lines: string): Directive {
  const { entries } = parseCorefile(`example.org {\n${lines}\n}\n`, 'Corefile').blocks[0]!
  return new Directive(entries[0]!.word.text, ['example.org.'], entries)
}

import assert from 'node:assert/strict'
import { Directive } from '#src/corefile/directive.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { type Plugin, Problem } from '#src/plugin.ts'

/** What a plugin's `parse` gets for these lines of a server block for example.org; the plugin is the one that the first line names. */
export function directiveOf(lines: string): Directive {
  const { entries } = parseCorefile(`example.org {\n${lines}\n}\n`, 'Corefile').blocks[0]!
  return new Directive(entries[0]!.word.text, ['example.org.'], entries)
}

/** Asserts that a plugin does not accept these lines, and says why and where. @param told the message; anything by default */
export function refuses(plugin: Pick<Plugin, 'parse'>, lines: string, told = /./): void {
  assert.throws(
    () => plugin.parse(directiveOf(lines)),
    error => {
      assert.ok(error instanceof Problem, `${error} for ${lines}`)
      assert.match(error.message, told)
      assert.match(error.message, /\S:\d+ - /)
      return true
    },
    `accepted: ${lines}`,
  )
}

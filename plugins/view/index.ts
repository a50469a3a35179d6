/** *view* says which queries of its zones the server block takes. */
import { functions } from '#src/expression/functions.ts'
import { readExpression } from '#src/expression/parser.ts'
import type { Expression } from '#src/expression/types.ts'
import type { Plugin, View } from '#src/plugin.ts'

interface Options {
  readonly name: string
  /** All have to be true. */
  readonly conditions: readonly Expression[]
}

const KNOWN = { functions, variables: new Map() }

export const view: Plugin<Options> = {
  name: 'view',

  parse(directive) {
    const line = directive.once()
    const name = line.text('NAME')
    const conditions: Expression[] = []
    line.options({
      expr: option => {
        const condition = readExpression(option, KNOWN)
        if (condition.type !== 'bool') option.warn(`${name} takes no queries: its expression is not a bool but ${condition.type}`)
        conditions.push(condition)
      },
    })
    line.end()
    return { name, conditions }
  },

  create({ name, conditions }, block) {
    const takes: View['takes'] = query => {
      const readMetadata = (label: string) => block.metadata(label)?.(query)
      const scope = { data: { query, readMetadata, variables: KNOWN.variables } }
      try {
        return conditions.every(condition => condition.evaluate(scope) === true)
      } catch {
        return false
      }
    }
    block.view = { name, takes }
    return {
      wrap: next => next,
      metadata: label => (label === 'view/name' ? () => name : undefined),
    }
  },
}

/** YAML and JSON text to objects that know on which line each of their parts stands. */
import { Composer, type Document, isNode, LineCounter, Parser } from 'yaml'
import { Field } from '../objects/field.ts'

/** One object of a manifest, or what kept a document from being read. */
export type Entry =
  | { readonly root: Field; readonly line: (path: Field['path']) => number }
  | { readonly problem: string; readonly line: number }

/** Every object in `text`: one a document, or the items of a list. Documents that are empty are left out. */
export function* readManifest(text: string): Iterable<Entry> {
  const lines = new LineCounter()
  const composer = new Composer({ lineCounter: lines, merge: true, logLevel: 'silent' })
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line)
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text))) {
    const [error] = document.errors
    if (error) {
      yield { problem: error.message, line: lineAt(error.pos[0]) }
      continue
    }
    let value: unknown
    try {
      value = document.toJS()
    } catch (cause) {
      yield { problem: (cause as Error).message, line: lineAt(document.contents?.range?.[0] ?? 0) }
      continue
    }
    if (value === null || value === undefined) continue
    for (const root of objects(new Field(value))) yield { root, line: path => lineAt(offsetOf(document, path)) }
  }
}

/** The items of a `List`, or of a list of one kind, whose items may leave out what the list says; any other object by itself. */
function objects(root: Field): Field[] {
  const { apiVersion, kind, items } = (root.value ?? {}) as Record<string, unknown>
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [root]
  const common = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) }
  return root
    .at('items')
    .items()
    .map(({ value, path }) => new Field(isObject(value) ? { ...common, ...value } : value, path))
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Where the part at `path` stands, or the closest part around it where it is missing. */
function offsetOf(document: Document.Parsed, path: Field['path']): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

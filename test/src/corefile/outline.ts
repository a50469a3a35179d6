import type { Entry } from '#src/corefile/directive.ts'
import { type Corefile, parseCorefile } from '#src/corefile/tree.ts'

/** A Corefile as one line a block: `a. b. { errors; forward . 192.0.2.1 { force_tcp } }`. */
export const outline = (corefile: Corefile): string[] =>
  corefile.blocks.map(({ labels, entries }) => `${labels.map(label => label.text).join(' ')} ${body(entries)}`)

const body = (entries: readonly Entry[]): string => (entries.length === 0 ? '{}' : `{ ${entries.map(line).join('; ')} }`)

const line = ({ word, args, block }: Entry): string =>
  [word, ...args].map(token => (/^[^\s;{}]+$/.test(token.text) ? token.text : JSON.stringify(token.text))).join(' ') +
  (block ? ` ${body(block)}` : '')

/** The outline of a text. */
export const parsed = (text: string, environment: NodeJS.ProcessEnv = {}): string[] =>
  outline(parseCorefile(text, 'Corefile', environment))

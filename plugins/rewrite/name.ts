/** `name [MATCH] FROM TO [metadata] [answer …]`: the name is rewritten, and names in the reply. */
import { isUnder, ROOT } from '#src/dns/name.ts'
import type { Line } from '#src/plugin.ts'
import { type Answers, readAnswers } from './answers.ts'
import { byText, type Change } from './change.ts'
import { type Kind, type Renaming, readKind, readRenaming } from './pattern.ts'
import type { Rewriting } from './rewriting.ts'
import type { Question, Rule } from './rule.ts'

export function readName(line: Line): Rule {
  const kind = readKind(line, 2)
  const renaming = readRenaming(line, kind)
  if (line.peek() === 'metadata') throw line.problem('metadata is only supported for regex name rules')
  return new NameRule(kind, renaming, readAnswers(line))
}

class NameRule implements Rule {
  readonly #renaming: Renaming
  readonly #answers: Answers
  /** What is done to each reply, whatever the name was. */
  readonly #changes: readonly Change[]
  readonly #isAuto: boolean

  constructor(kind: Kind, renaming: Renaming, answers: Answers) {
    const { reverse } = renaming
    const back = reverse && answers.auto ? byText(reverse) : undefined
    this.#renaming = renaming
    this.#answers = answers
    this.#isAuto = !back && (answers.auto || kind === 'exact')
    this.#changes = back ? [{ owner: back, target: back }, ...answers.changes] : answers.changes
  }

  matches(question: Question): boolean {
    return this.#renaming.matches(question)
  }

  apply(rewriting: Rewriting): boolean {
    const { key: before, name } = rewriting
    const renamed = this.#renaming.rename(name, rewriting.read)
    if (renamed === undefined) return false
    rewriting.rename(renamed)
    const after = rewriting.key
    if (this.#isAuto) {
      const back = (key: string) => moved(key, after, before)
      rewriting.changes.push({ owner: back, target: back })
    } else if (!this.#answers.auto && !this.#answers.names) {
      // A record that is not the client's own name's is none that it takes for an answer.
      rewriting.changes.push({ owner: key => (key === after ? before : key) })
    }
    rewriting.changes.push(...this.#changes)
    return true
  }
}

/** The name as it is below `to` where it is `from` or below it. */
function moved(key: string, from: string, to: string): string {
  if (key === from) return to
  return from !== ROOT && isUnder(key, from) ? key.slice(0, -from.length) + to : key
}

/**
 * DNS conversations as text. A scenario is a list of steps; what is indented below a step belongs to it, lines that begin with `#` are comments.
 *
 *     corefile                             the server's configuration; a second one is a reload
 *     upstream NAME TYPE [do] [cd] [norec] what the *upstream* plugin answers from here on: a reply, or `silence`;
 *                                          with flags: only to queries that carry them; to what it does not know: REFUSED;
 *                                          `after DURATION`: how long it takes
 *     query NAME TYPE [edns] [do] [ad] [cd] [norec]
 *                                          asks the server and compares the reply; `after DURATION`: how long it takes (0s by default)
 *     wait DURATION                        lets time pass
 *     asked N                              how many queries the upstream got since the last `asked`
 *     metric NAME[{label="value"}] N       the sum of the metric's cells that carry the label
 *
 * A reply is a line with the rcode and the flags among aa, tc, ra and ad (an upstream's ra goes without saying), `EDE N` where it has an
 * extended error, and its records as zone-file lines: answers first, the others behind a line `authority` or `additional`.
 */
import { parseDuration } from '#src/corefile/duration.ts'
import type { Records } from '#test/support/records.ts'

export interface ScriptedReply extends Records {
  rcode: string
  flags: string[]
  extendedError: number | undefined
}

interface Question {
  name: string
  type: string
  flags: readonly string[]
}

/** `after` in milliseconds. */
export interface Answered {
  after: number
  reply: ScriptedReply | 'silence'
}

export type Action =
  | { kind: 'corefile'; text: string }
  | ({ kind: 'upstream' } & Answered & Question)
  | ({ kind: 'query'; after: number; reply: ScriptedReply } & Question)
  | { kind: 'wait'; duration: number }
  | { kind: 'asked'; count: number }
  | { kind: 'metric'; name: string; label: readonly [name: string, value: string] | undefined; value: number }

export type Step = Action & { line: number }

export function parseScript(text: string): Step[] {
  const steps: Step[] = []
  let block: { line: number; words: string[]; body: string[] } | undefined
  const finish = () => block && steps.push({ line: block.line, ...parseStep(block.words, block.body) })
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    if (line.startsWith('  ') && block) {
      block.body.push(line.slice(2))
      continue
    }
    finish()
    block = { line: i + 1, words: line.split(' '), body: [] }
  }
  finish()
  return steps
}

function parseStep([kind = '', ...words]: string[], body: string[]): Action {
  const [first = '', second = '', ...flags] = words
  const after = body[0]?.startsWith('after ') ? duration(body.shift()!.slice(6)) : 0
  switch (kind) {
    case 'corefile':
      return { kind, text: `${body.join('\n')}\n` }
    case 'upstream':
      return { kind, name: first, type: second, flags, after, reply: body[0] === 'silence' ? 'silence' : parseReply(body) }
    case 'query':
      return { kind, name: first, type: second, flags, after, reply: parseReply(body) }
    case 'wait':
      return { kind, duration: duration(first) }
    case 'asked':
      return { kind, count: Number(first) }
    case 'metric': {
      const [, name = first, label, value] = /^(\w+)\{(\w+)="(.*)"\}$/.exec(first) ?? []
      return { kind, name, label: label === undefined ? undefined : [label, value!], value: Number(second) }
    }
    default:
      throw new Error(`no step begins with '${kind}'`)
  }
}

function duration(text: string): number {
  const milliseconds = parseDuration(text)
  if (milliseconds === undefined) throw new Error(`'${text}' is no duration`)
  return milliseconds
}

function parseReply([head = '', ...lines]: string[]): ScriptedReply {
  const [rcode = '', ...flags] = head.split(' ')
  const reply: ScriptedReply = { rcode, flags, extendedError: undefined, answer: [], authority: [], additional: [] }
  let section: keyof Records = 'answer'
  for (const line of lines) {
    if (line === 'authority' || line === 'additional') section = line
    else if (line.startsWith('EDE ')) reply.extendedError = Number(line.slice(4))
    else reply[section].push(line)
  }
  return reply
}

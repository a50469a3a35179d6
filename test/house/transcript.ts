/** `dig` transcripts of Markdown files, asked again and compared. Lines of dig's output may be left out of a transcript; what it shows must be true. */
import { reverseKey, toOctets } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import type { Answer } from '#test/support/message.ts'
import type { ServerProcess } from '#test/support/server.ts'

export interface Step {
  /** What stands behind `$ `. */
  command: string
  output: string[]
}

/** The commands of a console block, each with the lines below it. */
export function stepsOf(console: string): Step[] {
  const steps: Step[] = []
  for (const line of console.split('\n')) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: [] })
    else if (line.trim() !== '') steps.at(-1)?.output.push(line)
  }
  return steps
}

interface Question {
  name: string
  type: string
  tcp: boolean
  short: boolean
  answerOnly: boolean
}

/** What a dig command asks. @throws for words that would be ignored */
export function questionOf(command: string): Question {
  const question = { name: '', type: 'A', tcp: false, short: false, answerOnly: false }
  const words = command.split(/\s+/).slice(1)
  while (words.length > 0) {
    const word = words.shift()!
    if (word === '-p') words.shift()
    else if (word === '-x') Object.assign(question, { name: toText(reverseKey(toOctets(words.shift()!)!)), type: 'PTR' })
    else if (word === '+tcp') question.tcp = true
    else if (word === '+short') question.short = true
    else if (word === '+answer') question.answerOnly = true
    else if (/^[A-Z]+$/.test(word)) question.type = word
    else if (!/^(@127\.0\.0\.1|\+noall|\+comments)$/.test(word)) question.name = word
    if (word.startsWith('-') && !/^-[px]$/.test(word)) throw new Error(`dig option ${word} is not understood here`)
  }
  return question
}

/** What of `output` is not so, or not told, in the reply; empty when all is well. */
export function mismatch(output: readonly string[], { short, answerOnly }: Question, reply: Answer): string {
  const comments = output.filter(line => line.startsWith(';'))
  const status = /status: (\w+)/.exec(comments.join('\n'))?.[1]
  const flags = /^;; .*?flags: ([a-z ]+)/m.exec(comments.join('\n'))?.[1]?.trim()
  const told = output.filter(line => !line.startsWith(';')).map(line => line.trim().replace(/\s+/g, ' '))
  const records = answerOnly || short ? reply.answer : [...reply.answer, ...reply.authority, ...reply.additional]
  const real = short ? records.map(line => line.split(' ').slice(4).join(' ')) : records
  return [
    ...(status !== undefined && status !== reply.rcode ? [`status is ${reply.rcode}`] : []),
    ...(flags !== undefined && flags !== reply.flags ? [`flags are ${reply.flags}`] : []),
    // Addresses come in any order.
    ...told.filter(line => !real.includes(line)).map(line => `not in the reply: ${line}`),
    ...real.filter(line => !told.includes(line)).map(line => `not told: ${line}`),
  ].join('\n')
}

/** Asks as a step says, again for up to three seconds where the reply differs, since an edited file needs a moment. @returns what differs in the end */
export async function ask(server: ServerProcess, { command, output }: Step): Promise<string> {
  const question = questionOf(command)
  const deadline = performance.now() + 3000
  for (;;) {
    const reply = await (question.tcp
      ? server.queryTcp(question.name, question.type)
      : server.query(question.name, question.type))
    const difference = mismatch(output, question, reply)
    if (difference === '' || performance.now() > deadline) return difference
  }
}

/** The Corefile with ports that no other test has: 0 everywhere. */
export const onFreePorts = (corefile: string): string =>
  corefile
    .replace(/^(\S.*?)(?= \{$)/gm, labels => labels.replace(/:\d+(?=[ ,]|$)/g, '').replace(/[^\s,]+/g, '$&:0'))
    .replace(/^(\s+(?:health|ready|prometheus))(?: \S*:\d+)?/gm, '$1 127.0.0.1:0')

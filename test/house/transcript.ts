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
  class: number
  tcp: boolean
  dnssec: boolean
  short: boolean
  /** The sections that dig shows. */
  sections: Set<Section>
}

const SECTIONS = ['answer', 'authority', 'additional'] as const
type Section = (typeof SECTIONS)[number]

/** What a dig command asks. @throws for options that would be ignored */
export function questionOf(command: string): Question {
  const question: Question = {
    name: '',
    type: 'A',
    class: 1,
    tcp: false,
    dnssec: false,
    short: false,
    sections: new Set(SECTIONS),
  }
  const words = command.split(/\s+/).slice(1)
  while (words.length > 0) {
    const word = words.shift()!
    const section = SECTIONS.find(name => word === `+${name}`)
    if (word === '-p') words.shift()
    else if (word === '-x') Object.assign(question, { name: toText(reverseKey(toOctets(words.shift()!)!)), type: 'PTR' })
    else if (word === '+tcp') question.tcp = true
    else if (word === '+dnssec') question.dnssec = true
    else if (word === '+short') Object.assign(question, { short: true, sections: new Set(['answer']) })
    else if (word === '+noall') question.sections.clear()
    else if (section) question.sections.add(section)
    else if (/^[-+]/.test(word) && word !== '+comments') throw new Error(`dig option ${word} is not understood here`)
    else if (word === 'CH') question.class = 3
    else if (/^[A-Z]+$/.test(word)) question.type = word
    else if (/^[^@+]/.test(word)) question.name = word
  }
  return question
}

/** An SOA's serial changes with the data, and signatures with the time. */
const lasting = (line: string) =>
  line
    .replace(/( SOA \S+ \S+) \d+/, '$1 SERIAL')
    .replace(/( RRSIG(?: \S+){4}) \d+ \d+ (\d+ \S+) .*$/, '$1 EXPIRATION INCEPTION $2 SIGNATURE')

/** What of `output` is not so, or not told, in the reply; empty when all is well. SOA records need not be told. */
export function mismatch(output: readonly string[], { short, sections }: Question, reply: Answer): string {
  const comments = output.filter(line => line.startsWith(';'))
  const status = /status: (\w+)/.exec(comments.join('\n'))?.[1]
  const flags = /^;; .*?flags: ([a-z ]+)/m.exec(comments.join('\n'))?.[1]?.trim()
  const told = output.filter(line => !line.startsWith(';')).map(line => lasting(line.trim().replace(/\s+/g, ' ')))
  const records = SECTIONS.filter(section => sections.has(section)).flatMap(section => reply[section].map(lasting))
  const real = short ? records.map(line => line.split(' ').slice(4).join(' ')) : records
  return [
    ...(status !== undefined && status !== reply.rcode ? [`status is ${reply.rcode}`] : []),
    ...(flags !== undefined && flags !== reply.flags ? [`flags are ${reply.flags}`] : []),
    // Addresses come in any order.
    ...told.filter(line => !real.includes(line)).map(line => `not in the reply: ${line}`),
    ...real.filter(line => !told.includes(line) && !line.includes(' SOA ')).map(line => `not told: ${line}`),
  ].join('\n')
}

/** Asks as a step says, again for up to three seconds where the reply differs, since an edited file needs a moment. @returns what differs in the end */
export async function ask(server: ServerProcess, { command, output }: Step): Promise<string> {
  const question = questionOf(command)
  const deadline = performance.now() + 3000
  for (;;) {
    const { name, type, tcp, dnssec } = question
    const reply = await server[tcp ? 'queryTcp' : 'query'](name, type, {
      class: question.class,
      ...(dnssec && { edns: { dnssecOk: true } }),
    })
    const difference = mismatch(output, question, reply)
    if (difference === '' || performance.now() > deadline) return difference
  }
}

/** The Corefile with ports that no other test has: 0 everywhere. */
export const onFreePorts = (corefile: string): string =>
  corefile
    .replace(/^(\S.*?)(?= \{$)/gm, labels => labels.replace(/:\d+(?=[ ,]|$)/g, '').replace(/[^\s,]+/g, '$&:0'))
    .replace(/^(\s+(?:health|ready|prometheus|explain|pprof))(?: \S*:\d+)?/gm, '$1 127.0.0.1:0')

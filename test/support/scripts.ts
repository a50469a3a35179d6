/** What a fake upstream answers: whole zones, single replies, and the ways of getting them wrong. */
import { setTimeout as sleep } from 'node:timers/promises'
import { optRecord } from './message.ts'
import { messageFrom } from './records.ts'
import type { Asked, Script } from './upstream.ts'

/** A change to a message. */
export type Change = (message: Buffer) => Buffer

/**
 * Answers from zone-file lines: records of the name and type asked for; else NODATA or NXDOMAIN, with the SOA if there is one. A CNAME is answered
 * with what it leads to. Over UDP, what is too long gets TC and is empty.
 */
export function zone(...lines: readonly string[]): Script {
  const records = lines.map(line => {
    const [, owner = '', type = ''] = /^(\S+)\s+\d+\s+\S+\s+(\S+)/.exec(line) ?? []
    return { line, owner: owner.toLowerCase(), type }
  })
  const soa = records.filter(({ type }) => type === 'SOA').map(({ line }) => line)
  const answersTo = (name: string, type: string): string[] => {
    const here = records.filter(({ owner }) => owner === name.toLowerCase())
    const found = here.filter(record => record.type === type).map(({ line }) => line)
    const alias = here.find(record => record.type === 'CNAME')
    return found.length > 0 || !alias ? found : [alias.line, ...answersTo(alias.line.split(/\s+/)[4]!, type)]
  }
  return asked => {
    const answer = answersTo(asked.name, asked.type)
    const exists = records.some(({ owner }) => owner === asked.name.toLowerCase())
    const whole = reply(asked, answer, answer.length > 0 ? {} : { rcode: exists ? 0 : 3, authority: soa })
    const room = asked.transport === 'udp' ? (asked.edns?.udpSize ?? 512) : 65_535
    return whole.length <= room ? whole : truncated(reply(asked))
  }
}

/** One reply: records as zone-file lines, OPT where the query has it. */
export function reply(asked: Asked, answer: readonly string[] = [], options: Parameters<typeof messageFrom>[2] = {}): Buffer {
  const message = messageFrom(asked.message, answer, options)
  if (!asked.edns) return message
  message.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return Buffer.concat([message, optRecord({ dnssecOk: asked.edns.dnssecOk })])
}

/** Nothing but an rcode, always. */
export const always =
  (rcode: number): Script =>
  asked =>
    reply(asked, [], { rcode })

export const silence: Script = () => undefined

/** Over these transports one script, over others another. */
export const over =
  (transports: Partial<Record<Asked['transport'], Script>>, otherwise: Script = silence): Script =>
  asked =>
    (transports[asked.transport] ?? otherwise)(asked)

export const delayed =
  (milliseconds: number, script: Script): Script =>
  async asked => {
    await sleep(milliseconds)
    return script(asked) as Promise<Buffer | undefined>
  }

/** Sends what `forger` says, changed, at once, and what `script` says `milliseconds` later; with `Infinity`, never. */
export const forged = (change: Change, forger: Script, script: Script, milliseconds: number): Script =>
  async function* (asked) {
    yield change((await forger(asked)) as Buffer)
    if (milliseconds === Number.POSITIVE_INFINITY) return
    await sleep(milliseconds)
    yield (await script(asked)) as Buffer
  }

/** FORMERR for every query with EDNS, as servers from before RFC 2671 say. */
export const withoutEdns =
  (script: Script): Script =>
  asked =>
    asked.edns ? messageFrom(asked.message, [], { rcode: 1 }) : script(asked)

const changed = (message: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(message)
  change(copy)
  return copy
}

export const otherId: Change = message => changed(message, copy => copy.writeUInt16BE(copy.readUInt16BE(0) ^ 1, 0))

/** The first octet of the name is another one. */
export const otherName: Change = message => changed(message, copy => copy.writeUInt8(copy[13]! ^ 1, 13))

export const otherType: Change = message =>
  changed(message, copy => copy.writeUInt16BE(copy.readUInt16BE(copy.indexOf(0, 12) + 1) ^ 0x1000, copy.indexOf(0, 12) + 1))

export const upperCase: Change = message =>
  changed(message, copy => copy.write(copy.toString('latin1', 12, copy.indexOf(0, 12)).toUpperCase(), 12, 'latin1'))

/** QR is not set. */
export const noReply: Change = message => changed(message, copy => copy.writeUInt8(copy[2]! & 0x7f, 2))

/** The id is right, all the rest is noise. */
export const garbage: Change = message => Buffer.concat([message.subarray(0, 2), Buffer.alloc(40, 0xff)])

/** Cut in the middle of a record. */
export const cut: Change = message => message.subarray(0, -3)

export const truncated: Change = message => changed(message, copy => copy.writeUInt8(copy[2]! | 0x02, 2))

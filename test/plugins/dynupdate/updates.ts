/** Messages that update zones (RFC 2136), and programs that send them. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { askUdp, type Target, TcpClient } from '#test/support/client.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { classCode, typeCode, writeName } from '#test/support/names.ts'
import { writeRecord } from '#test/support/records.ts'
import { type Key, secretLine, sign, signatureOf } from '#test/support/tsig.ts'
import { axfr } from '#test/support/zone-transfer.ts'

export const KEY: Key = { name: 'update.example.', secret: Buffer.from('a secret of some octets') }

export const SEED = `$ORIGIN example.org.
$TTL 60
@ SOA ns hostmaster 7 3600 600 86400 30
@ NS ns
@ NS ns2
ns A 192.0.2.53
ns2 A 192.0.2.54
www A 192.0.2.1
www A 192.0.2.2
www TXT "one" "two"
alias CNAME www
mail MX 10 Www.Example.org.
*.wild A 192.0.2.9
deep.empty A 192.0.2.8
sub NS ns.sub
ns.sub A 192.0.2.55
`

/** A block that takes updates of `example.org`, whose folder has the seed. */
export const block = (more = '', { options = '', allow = `${KEY.name} * *` } = {}) =>
  `tsig {\n ${secretLine(KEY)}\n require_opcode UPDATE\n}\ntransfer {\n to *\n}\ndynupdate example.org {\n file db\n allow ${allow}\n ${options}\n}\n${more}`

export interface Sections {
  prerequisites?: readonly string[]
  updates?: readonly string[]
  zone?: string
  type?: string | number
  class?: number
}

/** An update whose records are zone-file lines, be it without data. */
export function updateMessage({
  prerequisites = [],
  updates = [],
  zone = 'example.org.',
  type = 'SOA',
  class: code = 1,
}: Sections) {
  const message = queryMessage(zone, type, { opcode: 5, flags: 0, class: code })
  message.writeUInt16BE(prerequisites.length, 6)
  message.writeUInt16BE(updates.length, 8)
  return Buffer.concat([message, ...[...prerequisites, ...updates].map(record)])
}

function record(line: string): Buffer {
  const words = line.split(' ')
  if (words.length > 4) return writeRecord(line)
  const [name, ttl, classWord, type] = words as [string, string, string, string]
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(typeCode(type), 0)
  fixed.writeUInt16BE(classCode(classWord), 2)
  fixed.writeUInt32BE(Number(ttl), 4)
  return Buffer.concat([writeName(name), fixed])
}

/** What becomes of an update that is signed. @throws where the reply is not signed */
export async function update(sections: Sections, target: Target, key = KEY, ask = askUdp): Promise<string> {
  const { unsigned } = signatureOf(await ask(sign(updateMessage(sections), key), target))
  return readMessage(unsigned).rcode
}

/** An update whose id is what it is known by. */
export function numbered(id: number, sections: Sections): Buffer {
  const message = updateMessage(sections)
  message.writeUInt16BE(id)
  return sign(message, KEY)
}

/** What becomes of updates that arrive together. */
export async function updateAtOnce(all: readonly Sections[], target: Target): Promise<string[]> {
  await using client = new TcpClient(target)
  client.send(...all.map((sections, id) => numbered(id, sections)))
  const said: string[] = []
  for (const _ of all) {
    const { id, rcode } = readMessage(signatureOf((await client.next())!).unsigned)
    said[id] = rcode
  }
  return said
}

/** All records of the zone, in lower case and an order of their own. */
export const recordsOf = async (target: Target): Promise<string[]> =>
  [...new Set((await axfr('example.org.', target)).map(line => line.toLowerCase()))].sort()

/** Runs nsupdate with these lines. @returns what it says; empty where all is well */
export async function nsupdate(port: number, lines: readonly string[], { key = KEY, args = [] as readonly string[] } = {}) {
  const secret = `hmac-sha256:${key.name}:${key.secret.toString('base64')}`
  const child = spawn('nsupdate', ['-y', secret, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end([`server 127.0.0.1 ${port}`, 'zone example.org', ...lines, 'send', ''].join('\n'))
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return (out + errors).trim()
}

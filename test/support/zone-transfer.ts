/** Zone transfers as another server asks for them, read to their end. */
import { type Target, TcpClient } from './client.ts'
import { type Answer, type QueryOptions, queryMessage, readMessage } from './message.ts'
import { writeRecord } from './records.ts'

/** An IXFR query of who has the version `serial`. */
export function ixfrMessage(name: string, serial: number, options: QueryOptions = {}): Buffer {
  const message = queryMessage(name, 'IXFR', options)
  message.writeUInt16BE(1, 8)
  return Buffer.concat([message, writeRecord(`${name} 60 IN SOA ns.${name} hostmaster.${name} ${serial} 2 3 4 5`)])
}

/**
 * Every message of the reply to an AXFR or IXFR query.
 * @param client a connection whose next messages are of the reply
 * @throws when the connection ends before the reply does
 */
export async function readTransfer(client: TcpClient): Promise<Answer[]> {
  const messages: Answer[] = []
  let records = 0
  for (;;) {
    const raw = await client.next()
    if (!raw) throw new Error(`the connection ended behind ${records} records`)
    const message = readMessage(raw)
    messages.push(message)
    records += message.answer.length
    const isSoa = / SOA /.test(message.answer.at(-1) ?? '')
    if (message.rcode !== 'NOERROR' || message.answer.length === 0) return messages
    if (isSoa && (records > 1 || message.question.endsWith('IXFR'))) return messages
  }
}

export async function transfer(query: Uint8Array, target: Target): Promise<Answer[]> {
  await using client = new TcpClient(target)
  client.send(query)
  return await readTransfer(client)
}

/** The records of an AXFR; the rcode alone where there are none. */
export async function axfr(name: string, target: Target): Promise<readonly string[]> {
  const messages = await transfer(queryMessage(name, 'AXFR'), target)
  const [first] = messages
  return first!.rcode === 'NOERROR' ? messages.flatMap(({ answer }) => answer) : [first!.rcode]
}

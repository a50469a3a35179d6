import assert from 'node:assert/strict'
import type { ServerProcess } from '#test/support/server.ts'

/**
 * Asks what each row says: `NAME TYPE RCODE`, then, behind `=`, the data of each record of the answer, and behind `+` of each additional
 * one, with `,` between them. Names without a last dot are below cluster.local.
 */
export async function askRows(server: ServerProcess, rows: string): Promise<void> {
  for (const row of rows.trim().split('\n')) {
    const [question = '', expected = ''] = row.split(/\s+(?==)|$/).map(part => part.trim())
    const [name = '', type = '', rcode] = question.split(/\s+/)
    const [answer, additional = ''] = expected
      .replace(/^=/, '')
      .split('+')
      .map(part => list(part))
    const reply = await server.query(absolute(name), type)
    const data = (records: readonly string[]) => records.map(record => record.split(' ').slice(4).join(' ')).sort()
    const told = [question, reply.rcode, data(reply.answer), data(reply.additional)]
    assert.deepEqual(told, [question, rcode, answer, additional === '' ? [] : additional])
    // Whatever is not there is told with the SOA of the zone.
    const soa = reply.authority.filter(record => record.includes(' SOA ')).length
    if (reply.additional.length === 0 && rcode !== 'REFUSED')
      assert.deepEqual([question, soa], [question, reply.answer.length === 0 ? 1 : 0])
  }
}

const absolute = (name: string) => (name.endsWith('.') ? name : `${name}.cluster.local.`)

const list = (text: string) =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .sort()

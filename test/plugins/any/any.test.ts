import assert from 'node:assert/strict'
import { test } from 'node:test'
import { any } from '#plugins/any/index.ts'
import { refuses } from '#test/support/directive.ts'
import { startServer } from '#test/support/server.ts'

test('ANY gets one small record, for names of any length', async () => {
  await using server = await startServer('.:0 {\n  any\n  whoami\n}\n')
  for (const name of ['.', 'a.', 'Www.Example.org.', `${'long.'.repeat(50)}`]) {
    const { rcode, flags, answer, authority, additional } = await server.query(name, 'ANY')
    assert.deepEqual(
      { rcode, flags, answer, authority, additional },
      {
        rcode: 'NOERROR',
        flags: 'qr rd',
        answer: [`${name} 8482 IN HINFO "ANY obsoleted" "See RFC 8482"`],
        authority: [],
        additional: [],
      },
    )
  }
  assert.deepEqual((await server.query('www.example.org.', 'A')).answer, [])
})

test('arguments and options are refused', () => {
  for (const lines of ['any thing', 'any {\n thing\n}']) refuses(any, lines)
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestKey, testKey } from '#test/support/dnssec.ts'
import { type InProcessServer, startInFolder, writeFiles } from '#test/support/in-process.ts'
import { until } from '#test/support/waiting.ts'
import { ZONE } from './zones.ts'

export const SIGNED = 'db.example.org.signed'

/** A server that signs `db` for example.org into its folder, and answers from what it signs. @param files more of the folder @param lines more of the server block */
export async function serve(key: TestKey = testKey('example.org.'), files: Readonly<Record<string, string>> = {}, lines = '') {
  const served = await startInFolder(
    folder => writeFiles(folder, { ...key.files, db: ZONE, ...files }),
    `sign db example.org {\n key file ${key.base}\n directory .\n}\nfile ${SIGNED} example.org {\n reload 50ms\n}\n${lines}`,
  )
  return { ...served, key }
}

/** What is signed, once the server answers from it. */
export async function signed({ server, folder }: { server: InProcessServer; folder: string }): Promise<string> {
  await server.waitForLine(/Successfully signed zone/)
  await until(async () => (await server.query('example.org', 'SOA')).answer.length > 0)
  return readFile(join(folder, SIGNED), 'utf8')
}

import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { BACKEND, backend } from './manifests.ts'

const EDITS = 100

/** So many addresses of this edit; the number changes with each, so that the file grows and shrinks. */
const addresses = (edit: number) => Array.from({ length: 1 + ((edit * 7) % 10) }, (_, i) => `10.1.${edit}.${i}`)

const ways: Readonly<Record<string, (server: ServerProcess, text: string) => void>> = {
  'in place': (server, text) => writeFileSync(server.path('mesh/backend.yaml'), text),
  'by rename': (server, text) => {
    writeFileSync(server.path('backend.new'), text)
    renameSync(server.path('backend.new'), server.path('mesh/backend.yaml'))
  },
}

suite(`${EDITS} edits reach the answers, and nothing empty, old or mixed is answered in between`, () => {
  for (const [way, write] of Object.entries(ways)) {
    test(way, async () => {
      const files = { 'mesh/backend.yaml': backend(addresses(0)) }
      await using server = await startServer('.:0 {\n  mesh {\n    source file mesh\n  }\n}\n', { files })
      const ask = async () =>
        (await server.query(BACKEND, 'A', { edns: true })).answer
          .map(line => line.split(' ').at(-1)!)
          .sort()
          .join()
      for (let edit = 1; edit <= EDITS; edit++) {
        const [before, wanted] = [edit - 1, edit].map(each => addresses(each).sort().join())
        write(server, backend(addresses(edit)))
        const late = performance.now() + 5000
        for (let told = await ask(); told !== wanted; told = await ask()) {
          assert.equal(told, before, `edit ${edit}`)
          assert.ok(performance.now() < late, `edit ${edit} is not in the answers after 5 s`)
        }
      }
    })
  }
})

/** What *explain* tells of the plugin. */
import assert from 'node:assert/strict'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { corefileOf, onEachApi } from './apis.ts'

onEachApi({
  'what is known about names': async api => {
    const port = await freePort()
    const corefile = corefileOf(api, ['namespaces default']).replace('{\n', `{\nexplain 127.0.0.1:${port}\n`)
    await using _server = await startServer(corefile)
    for (const [name, sentence] of [
      ['backend.default.svc', /^Service default\/backend, virtual addresses: 10\.96\.0\.10, ready endpoints: 10\.244\.0\.\d/],
      ['db-0.db.default.svc', /^Service default\/db, headless, ready endpoints: 10\.244\.1\.1 10\.244\.1\.2 10\.244\.1\.3$/],
      ['ext.default.svc', /^Service default\/ext is another name of www\.example\.org\.$/],
      ['gone.default.svc', /^there is no Service default\/gone$/],
      ['backend.gone.svc', /^there is no namespace gone$/],
      ['backend.svc.svc', /^namespace svc is not among those it shows$/],
      ['name', /^no name of a cluster has such a form below cluster\.local\.$/],
    ] as const) {
      const response = await fetch(`http://127.0.0.1:${port}/explain?name=${name}.cluster.local`)
      const text = await response.text()
      const [, said = text] = /^ {2}kubernetes .*\n +- (.*)$/m.exec(text) ?? []
      assert.match(said, sentence)
    }
  },
})

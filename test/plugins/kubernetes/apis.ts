/** API servers with the same objects in them: the fake, and a real one where there is one. */
import { after, suite, type TestContext, test } from 'node:test'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import type { KubeObject } from '#test/support/kubernetes/objects.ts'
import { putWhenServed } from '#test/support/kubernetes/put-when-served.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { definitions, imports, objects } from './objects.ts'

export interface Api extends AsyncDisposable {
  readonly port: number
  put(...objects: readonly KubeObject[]): unknown
  delete(...objects: readonly KubeObject[]): unknown
}

/** What an API server holds. */
interface Holding {
  readonly definitions: readonly KubeObject[]
  readonly objects: readonly KubeObject[]
}

/** The same tests with each of them, in their order, with one server for all. */
export function onEachApi(
  tests: Readonly<Record<string, (api: Api) => Promise<void>>>,
  holding: Holding = { definitions, objects: [...objects, ...imports] },
): void {
  for (const [name, start] of [
    ['a fake API server', () => startFake(holding)],
    ['a real API server', () => startReal(holding)],
  ] as const) {
    suite(name, () => {
      let started: Promise<Api | string> | undefined
      after(async () => {
        const api = await started
        if (typeof api === 'object') await api[Symbol.asyncDispose]()
      })
      for (const [title, body] of Object.entries(tests)) {
        test(title, async (t: TestContext) => {
          started ??= start()
          const api = await started
          if (typeof api === 'string') t.skip(api)
          else await body(api)
        })
      }
    })
  }
}

async function startFake({ objects }: Holding): Promise<Api> {
  const api = await FakeApi.start()
  api.put(...objects)
  return api
}

/** @returns a reason where there is none */
async function startReal({ definitions, objects }: Holding): Promise<Api | string> {
  const built = await realApiProgram()
  if ('skip' in built) return built.skip
  const api = await RealApi.start(built.program)
  await api.put(...definitions)
  for (const object of objects) await putWhenServed(api, object)
  return api
}

/** What is in a block with the plugin, and with names of example.org beside the cluster's. */
export const linesOf = (port: number, options: readonly string[], zones = 'cluster.local in-addr.arpa ip6.arpa') => `
    hosts {
        192.0.2.80 www.example.org
        2001:db8::80 www.example.org
        fallthrough
    }
    kubernetes ${zones} {
        endpoint http://127.0.0.1:${port}
${options.map(option => `        ${option}\n`).join('')}    }
`

export const corefileOf = ({ port }: { readonly port: number }, options: readonly string[], zones?: string) =>
  `.:0 {${linesOf(port, options, zones)}    whoami\n}\n`

import { FakeEtcd } from '#test/support/fake-etcd.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'

/** Keys below those of example.org, and their values. */
export const below = (values: Readonly<Record<string, unknown>>, path = '/skydns'): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`${path}/org/example/${key}`, value]))

interface Serving extends AsyncDisposable {
  readonly etcd: FakeEtcd
  readonly server: InProcessServer
}

/**
 * A server for example.org in front of a cluster.
 * @param values see {@link below} @param lines options of the plugin @param behind plugins behind it
 */
export async function serving(values: Readonly<Record<string, unknown>>, lines = '', behind = ''): Promise<Serving> {
  const etcd = await FakeEtcd.start(below(values))
  const server = await startInProcess(`errors\netcd example.org {\nendpoint http://${etcd.to}\n${lines}\n}\n${behind}`)
  const dispose = async () => {
    await server[Symbol.asyncDispose]()
    await etcd[Symbol.asyncDispose]()
  }
  return { etcd, server, [Symbol.asyncDispose]: dispose }
}

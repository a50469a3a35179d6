import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { selfSigned } from '#test/support/kubernetes/certificate.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { clusterSuite } from './cluster-suite.ts'

const NONE = ['ServiceEntry', 'WorkloadEntry', 'ServiceImport']

for (const secure of [false, true]) {
  const http = secure ? 'HTTP/2' : 'HTTP/1.1'

  clusterSuite(`the fake over ${http}`, async bare => {
    const tls = secure ? selfSigned() : undefined
    if (tls === undefined && secure) return 'openssl is not on this machine'
    const api = await FakeApi.start(tls)
    api.bookmarkEvery = 100
    if (bare) for (const kind of NONE) api.unserve(kind)
    return Object.assign(api, { ca: tls?.cert })
  })

  clusterSuite(`a real one over ${http}`, async bare => {
    const built = await realApiProgram()
    if ('skip' in built) return built.skip
    // A server does not keep connections of HTTP/2 with strangers.
    const token = secure ? 'secret' : undefined
    const api = await RealApi.start(built.program, {
      ...(token !== undefined && { token }),
      args: ['--bookmark-every', '1s', ...(bare ? ['--no-crds'] : [])],
    })
    const ca = secure ? await api.certificate() : undefined
    return {
      port: secure ? api.securePort : api.port,
      ca,
      token,
      put: (...objects) => api.put(...objects),
      delete: (...objects) => api.delete(...objects),
      compact: () => api.compact(),
      stop: () => api.stop(),
      restart: () => api.restart(),
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    }
  })
}

import { join } from 'node:path'
import type { Peer } from './peer.ts'

/** dnsdist before one upstream: one listening thread, with or without a packet cache; it asks nobody for security notices. */
export const dnsdist: Peer = {
  name: 'dnsdist',
  program: 'dnsdist',
  version: ['--version'],
  launch({ upstream }, { folder, port }) {
    if (!upstream) throw new Error('dnsdist has no names of its own')
    const configuration = `
setLocal('127.0.0.1:${port}')
setACL({'127.0.0.0/8'})
setSecurityPollSuffix('')
newServer({address = '127.0.0.1:${upstream.port}'})
${upstream.cache ? "getPool(''):setCache(newPacketCache(10000))" : ''}
`
    return {
      args: ['--supervised', '--disable-syslog', '--config', join(folder, 'dnsdist.conf')],
      files: { 'dnsdist.conf': configuration },
    }
  },
}

import { join } from 'node:path'
import type { Peer } from './peer.ts'

/** Unbound as a caching forwarder: one thread, no validation, caches larger than what they have to hold. */
export const unbound: Peer = {
  name: 'unbound',
  program: 'unbound',
  version: ['-V'],
  launch({ upstream }, { folder, port }) {
    if (!upstream?.cache) throw new Error('unbound always caches')
    const configuration = `
server:
    directory: "${folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    interface: 127.0.0.1@${port}
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    num-threads: 1
    module-config: "iterator"
    msg-cache-size: 16m
    rrset-cache-size: 32m
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@${upstream.port}
`
    return { args: ['-d', '-c', join(folder, 'unbound.conf')], files: { 'unbound.conf': configuration } }
  },
}

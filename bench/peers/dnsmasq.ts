import { join } from 'node:path'
import { hostsFile } from '../registry.ts'
import type { Peer } from './peer.ts'

/** dnsmasq with a hosts file and no upstream. */
export const dnsmasq: Peer = {
  name: 'dnsmasq',
  program: 'dnsmasq',
  version: ['--version'],
  launch({ memory }, { folder, port }) {
    if (!memory) throw new Error('dnsmasq is used with a hosts file only')
    const { registry } = memory
    return {
      args: [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=', '--log-facility=-'],
        ...['--no-resolv', '--no-hosts', `--addn-hosts=${join(folder, 'hosts')}`],
        ...[`--local=/${registry.zone}/`, `--local-ttl=${registry.ttl}`],
        ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`],
      ],
      files: { hosts: hostsFile(registry) },
    }
  },
}

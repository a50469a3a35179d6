import { MAX_SRV_RECORDS, srvRecords, weightOf } from '../answers/srv-records.ts'
import { TYPE } from '../dns/codes.ts'
import type { Srv } from '../dns/rdata.ts'
import type { Sections } from '../dns/sections.ts'
import { endpointKey } from './endpoint-name.ts'
import type { Host } from './host.ts'
import type { Known } from './known.ts'
import { endpointsOf, type Port } from './record.ts'

/** Where SRV records stand: `_http._tcp.backend.default.svc.cluster.local`. */
export class PortName implements Known {
  readonly host: Host
  readonly #base: string
  readonly #name: string
  readonly #protocol: string
  #compiled: Sections | undefined

  /** @param base the name that the port's labels stand before */
  constructor(host: Host, base: string, name: string, protocol: string) {
    this.host = host
    this.#base = base
    this.#name = name
    this.#protocol = protocol
  }

  get zone(): string {
    return this.host.zone
  }

  records(type: number, key: string): Sections | undefined {
    if (type !== TYPE.SRV) return undefined
    this.#compiled ??= this.#compile(key)
    return this.#compiled.answers > 0 ? this.#compiled : undefined
  }

  #compile(key: string): Sections {
    const { ttl } = this.host.options
    const { services, addresses } = this.host.vips.length > 0 ? this.#virtual() : this.#endpoints()
    return srvRecords(key, ttl, weightOf(services.size), services.values(), addresses)
  }

  /** The service port at the host itself. */
  #virtual() {
    const services = new Map<string, Pick<Srv, 'target' | 'port'>>()
    for (const port of this.#matching(this.host.ports))
      services.set(String(port.number), { target: this.#base, port: port.number })
    return { services, addresses: this.host.vips.map(vip => [this.#base, vip] as const) }
  }

  /** The endpoint's port at each endpoint. Under a wildcard endpoints have no name of their own. */
  #endpoints() {
    const services = new Map<string, Pick<Srv, 'target' | 'port'>>()
    const addresses = new Map<string, readonly [owner: string, address: string]>()
    const add = (target: string, port: number) => services.set(`${port} ${target}`, { target, port })
    for (const group of this.host.groups) {
      const ports = this.#matching(group.ports)
      if (ports.length === 0) continue
      for (const [address, hostname] of endpointsOf(group)) {
        const owner = this.host.wildcard ? this.#base : endpointKey(this.#base, address, hostname)
        for (const { number } of ports) add(owner, number)
        addresses.set(owner + address, [owner, address])
        if (services.size >= MAX_SRV_RECORDS) break
      }
    }
    for (const { name, ports } of this.host.targets) for (const { number } of this.#matching(ports)) add(name, number)
    return { services, addresses: [...addresses.values()] }
  }

  #matching(ports: readonly Port[]): Port[] {
    return ports.filter(({ name, protocol }) => name === this.#name && protocol === this.#protocol)
  }
}

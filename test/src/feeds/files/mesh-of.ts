/** What manifests make of the mesh, in short: one line a host. */
import { toAddress } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import { type Complaints, Definitions } from '#src/feeds/files/definitions.ts'
import { Join } from '#src/feeds/objects/join.ts'
import { endpointsOf, isAbsolute, type MeshRecord, type Port } from '#src/registry/record.ts'

const address = (octets: string) => toAddress(Buffer.from(octets, 'latin1'))
const ports = (list: readonly Port[]) =>
  list.map(({ name, protocol, number }) => `${name || '-'}:${number}/${protocol}`).join(',')

/** `backend.default.svc vips 10.96.0.1 ports http:80/tcp at 10.1.0.1 http:8080/tcp`. */
export function line(record: MeshRecord): string {
  if (record.kind === 'Client') return `client of ${record.namespace} at ${record.addresses.map(address).join(' ')}`
  const host = toText(isAbsolute(record.host) ? record.host : `${record.host}\0`)
  const parts = [isAbsolute(record.host) ? host : host.slice(0, -1)]
  if (record.kind === 'Namespace') parts.push('namespace')
  if (record.vips.length > 0) parts.push('vips', ...record.vips.map(address))
  if (record.ports.length > 0) parts.push('ports', ports(record.ports))
  for (const group of record.groups) {
    for (const [octets, hostname] of endpointsOf(group))
      parts.push('at', address(octets), ...(hostname ? [`(${hostname})`] : []), ports(group.ports))
  }
  for (const target of record.targets) parts.push('at', toText(target.name), ports(target.ports))
  if (record.alias !== undefined) parts.push('alias', toText(record.alias))
  if (record.elsewhere) parts.push('elsewhere')
  if (record.created !== undefined) parts.push(`created ${record.created}`)
  if (record.exportTo) parts.push('to', record.exportTo.join(','))
  return parts.filter(part => part !== '').join(' ')
}

export class Manifests {
  readonly #told = new Map<string, MeshRecord>()
  readonly join = new Join(this.#told)
  readonly definitions = new Definitions(this.join)

  /** @returns the complaints */
  read(path: string, text: string): readonly string[] {
    return this.complaints(path, text).problems
  }

  complaints(path: string, text: string): Complaints {
    return this.definitions.read(path, text)
  }

  /** Takes in the changes; how many there were. */
  take(): number {
    const changes = this.join.take(Number.POSITIVE_INFINITY)
    for (const [id, record] of changes) {
      if (record) this.#told.set(id, record)
      else this.#told.delete(id)
    }
    return changes.length
  }

  get hosts(): readonly string[] {
    this.take()
    return Array.from(this.#told.values(), line).sort()
  }
}

/** The hosts of one manifest. @throws when there is something wrong in it */
export function hostsOf(text: string): readonly string[] {
  const manifests = new Manifests()
  const problems = manifests.read('mesh.yaml', text)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return manifests.hosts
}

/** The complaints about one manifest. */
export const complaintsOf = (text: string): readonly string[] => new Manifests().read('mesh.yaml', text)

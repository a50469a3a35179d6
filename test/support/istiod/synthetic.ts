/** A mesh of any size, as istiod would tell of it. */
import type { TypeName } from '#src/feeds/istiod/types.ts'
import { writeField } from '#src/protobuf-writer.ts'
import { assignment, cluster, nameTable, type Resource, wdsService, workload } from './resources.ts'

const SERVICES_PER_NAMESPACE = 100

/** The host of the service with this number. */
export const hostOf = (service: number): string => `${nameOf(service)}.${namespaceOf(service)}.svc.cluster.local`

const nameOf = (service: number): string => `service-${service}`
const namespaceOf = (service: number): string => `team-${Math.floor(service / SERVICES_PER_NAMESPACE)}`
const vipOf = (service: number): string => `172.${16 + (service >> 16)}.${(service >> 8) & 255}.${service & 255}`

/** The address of a service's endpoint. @param edition 0 to 3; another one is another pod */
export const addressOf = (service: number, endpoint: number, edition = 0): string =>
  `10.${(service >> 6) & 255}.${((service & 63) << 2) | (endpoint >> 6)}.${((endpoint & 63) << 2) | (edition & 3)}`

/** A service's endpoint as WDS tells of it. */
export function podOf(service: number, endpoint: number, edition = 0): Resource {
  const name = nameOf(service)
  return workload(namespaceOf(service), `${name}-7d9f8b6c4d-${endpoint}`, {
    addresses: [addressOf(service, endpoint, edition)],
    services: [`${namespaceOf(service)}/${hostOf(service)}`],
    workload: name,
    version: (0x1234_5678_9abc + 1000 * service + 4 * endpoint + edition).toString(16).padStart(16, '0'),
  })
}

/** All endpoints of a service as EDS tells of them. @param edition of the first one */
export const assignmentOf = (service: number, endpoints: number, edition = 0): Resource =>
  assignment(
    80,
    hostOf(service),
    Array.from({ length: endpoints }, (_, i) => ({
      address: addressOf(service, i, i === 0 ? edition : 0),
      workload: `${nameOf(service)}-7d9f8b6c4d-${i};${namespaceOf(service)};${nameOf(service)};;Kubernetes`,
    })),
  )

/** What a cluster tells beside what matters here, in octets, under a number that nobody knows. */
const FILLER = writeField(99, Buffer.alloc(800, 'x'))

/** `services` with so many `endpoints` each, one resource at a time. */
export function* synthetic(type: TypeName, services: number, endpoints: number): Iterable<Resource> {
  const numbers = Array.from({ length: services }, (_, i) => i)
  if (type === 'NDS') yield nameTable(Object.fromEntries(numbers.map(i => [hostOf(i), [[vipOf(i)], nameOf(i), namespaceOf(i)]])))
  else if (type === 'CDS') for (const i of numbers) yield withFiller(cluster(80, hostOf(i)))
  else if (type === 'EDS') for (const i of numbers) yield assignmentOf(i, endpoints)
  else {
    for (const i of numbers) {
      yield wdsService(namespaceOf(i), nameOf(i), { vips: [vipOf(i)], version: i.toString(16).padStart(16, '0') })
      for (let endpoint = 0; endpoint < endpoints; endpoint++) yield podOf(i, endpoint)
    }
  }
}

const withFiller = ({ name, value }: Resource): Resource => ({ name, value: Buffer.concat([value, FILLER]) })

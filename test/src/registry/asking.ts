/** A registry filled by hand, and what it tells of a name, as zone-file lines. */
import assert from 'node:assert/strict'
import { toOctets } from '#src/dns/address.ts'
import { isUnder, keyOf, toKey } from '#src/dns/name.ts'
import { hashOf, type Name } from '#src/dns/name-hash.ts'
import { writeQuery } from '#src/dns/query.ts'
import type { Sections } from '#src/dns/sections.ts'
import type { HostRecord, Port } from '#src/registry/record.ts'
import { Missing, Registry, type RegistryOptions } from '#src/registry/registry.ts'
import { typeCode } from '#test/support/names.ts'
import { lines } from '#test/support/records.ts'

export const octets = (address: string): string => String.fromCharCode(...toOctets(address)!)

export const HTTP: Port = { name: 'http', protocol: 'tcp', number: 8080 }

interface Endpoints {
  addresses: readonly string[]
  hostnames?: readonly string[]
  ports?: readonly Port[]
}

/** A record of a host: `backend.default.svc` for a Service of any zone, `api.example.com.` for one with its whole name. */
export function record(host: string, endpoints: readonly Endpoints[] = [], more: Partial<HostRecord> = {}): HostRecord {
  const labels = host.split('.')
  return {
    kind: host.endsWith('.') ? 'ServiceEntry' : 'Service',
    namespace: 'default',
    host: host.endsWith('.') ? toKey(host) : keyOf(labels, ''),
    vips: [],
    ports: [{ ...HTTP, number: 80 }],
    groups: endpoints.map(({ addresses, hostnames, ports = [HTTP] }) => ({
      ports,
      size: octets(addresses[0]!).length as 4 | 16,
      addresses: addresses.map(octets).join(''),
      ...(hostnames && { hostnames }),
    })),
    targets: [],
    ...more,
  }
}

export function registryOf(records: readonly HostRecord[], options: Partial<RegistryOptions> = {}): Registry {
  const registry = new Registry({ zones: ['cluster.local.'], answer: 'endpoints', ttl: 5, ...options })
  for (const [i, each] of records.entries()) registry.apply(0, String(i), each, undefined)
  return registry
}

/** What the registry says, to a client of this namespace where that matters: `elsewhere`, `NXDOMAIN`, or the lines of the records; none for a name that has none of the type. */
export function ask(registry: Registry, name: string, type: string | number, client?: string): string | readonly string[] {
  const kept = registry.answers.get(nameOf(name), typeCode(type))
  const told = find(registry, name, type, client)
  if (kept) assert.deepEqual(linesOf(name, type, kept), told, 'what is kept is what the host says')
  return told
}

export function nameOf(name: string): Name {
  const key = toKey(name)
  return { key, hash: hashOf(key) }
}

function find(registry: Registry, name: string, type: string | number, client?: string): string | readonly string[] {
  const known = registry.find(nameOf(name), client)
  if (known === undefined) return 'not known'
  if (known instanceof Missing) return known.holds ? 'unsure' : 'NXDOMAIN'
  if (known.beyond) return known.beyond.kind
  const records = known.records(typeCode(type), toKey(name))
  assert.ok(isUnder(toKey(name), known.zone), 'it is in the zone whose SOA a negative answer has')
  if (!records) return []
  const types = new Set(records.answerSpans.map(span => span.type))
  assert.deepEqual([...types], [typeCode(type)], 'the answer section has what was asked for, and nothing else')
  return linesOf(name, type, records)
}

/** Records as lines, those of the additional section last. */
export function linesOf(name: string, type: string | number, sections: Sections): readonly string[] {
  const query = writeQuery(toKey(name), typeCode(type))
  const message = Buffer.concat([query, sections.bytes])
  for (const [i, count] of [sections.answers, sections.authorities, sections.additionals].entries())
    message.writeUInt16BE(count, 6 + 2 * i)
  const { answer, authority, additional } = lines(message)
  return [...answer, ...authority, ...additional]
}

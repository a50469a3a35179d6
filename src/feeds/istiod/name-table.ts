/** `istio.networking.nds.v1.NameTable`: hosts and their addresses, as a sidecar is to answer them. */
import { type ProtobufReader, sized } from '../../protobuf-reader.ts'
import { hostKey, isSuffix } from './host-name.ts'
import { Octets } from './octets.ts'

const TABLE = { entries: sized(1) }
const ENTRY = { key: sized(1), value: sized(2) }
const NAME_INFO = { ips: sized(1), registry: sized(2), shortname: sized(3), namespace: sized(4) }

export interface NameInfo {
  /** Octets, one address behind the other: virtual ones, or those of a headless Service's pods. */
  readonly ipv4: string
  readonly ipv6: string
  /** Of a Service of Kubernetes, `HOSTNAME.SERVICE` of a pod; `''` for anything else. */
  readonly shortname: string
  readonly namespace: string
}

export type NameTable = ReadonlyMap<string, NameInfo>

/** There is one name at a time. */
const octets = new Octets()

/** @throws {Malformed} */
export function readNameTable(reader: ProtobufReader, skip: (problem: string) => void): NameTable {
  const table = new Map<string, NameInfo>()
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag !== TABLE.entries) {
      reader.skip(tag)
      continue
    }
    const entry = reader.within()
    let [host, info]: [string, NameInfo | undefined] = ['', undefined]
    for (let part = entry.next(); part !== 0; part = entry.next()) {
      if (part === ENTRY.key) host = entry.text()
      else if (part === ENTRY.value) info = readNameInfo(entry.within(), skip)
      else entry.skip(part)
    }
    if (isSuffix(host)) continue
    try {
      hostKey(host)
      if (info) table.set(host, info)
    } catch (error) {
      skip((error as Error).message)
    }
  }
  return table
}

function readNameInfo(reader: ProtobufReader, skip: (problem: string) => void): NameInfo {
  let [registry, shortname, namespace] = ['', '', '']
  octets.take()
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === NAME_INFO.ips) {
      const outer = reader.enter()
      if (!octets.add(reader.bytes, reader.at, reader.end))
        skip(`${JSON.stringify(reader.bytes.toString('latin1', reader.at, Math.min(reader.end, reader.at + 80)))} is no address`)
      reader.leave(outer)
    } else if (tag === NAME_INFO.registry) registry = reader.text()
    else if (tag === NAME_INFO.shortname) shortname = reader.text()
    else if (tag === NAME_INFO.namespace) namespace = reader.text()
    else reader.skip(tag)
  }
  return { ...octets.take(), ...(registry === 'Kubernetes' ? { shortname, namespace } : { shortname: '', namespace: '' }) }
}

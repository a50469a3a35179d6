/** `envoy.config.cluster.v3.Cluster`: that a host has a port, and where its endpoints are to be had. */
import { numeric, type ProtobufReader, sized } from '../../protobuf-reader.ts'
import { type Assignment, readAssignment } from './assignment.ts'
import { hostKey, isSuffix } from './host-name.ts'
import { serviceOf } from './metadata.ts'

const CLUSTER = { type: numeric(2), metadata: sized(25), loadAssignment: sized(33) }
const TYPE = { strictDns: 1, logicalDns: 2, eds: 3, originalDst: 4 }

export interface Cluster {
  readonly host: string
  /** What the host is; undefined where that is not told. */
  readonly kind: 'Service' | 'ServiceEntry' | undefined
  /** Whether EDS has its endpoints. */
  readonly assigned: boolean
  /** Clients are to go where they want to: a headless Service, or a ServiceEntry with resolution NONE. */
  readonly passthrough: boolean
  /** Endpoints that the cluster lists itself: those of a ServiceEntry with resolution DNS. */
  readonly listed: Assignment | undefined
}

/**
 * @param name `outbound|PORT|SUBSET|HOST`
 * @returns undefined for one that is no port of a host with a name: a subset, or what istiod adds for the sidecar itself
 * @throws {Error} it is of no use
 */
export function readCluster(name: string, reader: ProtobufReader, skip: (problem: string) => void): Cluster | undefined {
  const [direction, , subset, host] = name.split('|')
  if (direction !== 'outbound' || subset !== '' || !host || isSuffix(host)) return undefined
  hostKey(host)
  let [type, service, listed]: [number, string, ProtobufReader | undefined] = [0, '', undefined]
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === CLUSTER.type) type = reader.number()
    else if (tag === CLUSTER.metadata) service = serviceOf(reader.within())
    else if (tag === CLUSTER.loadAssignment) listed = reader.within()
    else reader.skip(tag)
  }
  const resolved = type === TYPE.strictDns || type === TYPE.logicalDns
  return {
    host,
    kind: service === '' ? undefined : service === host ? 'ServiceEntry' : 'Service',
    assigned: type === TYPE.eds || type === TYPE.originalDst,
    passthrough: type === TYPE.originalDst,
    listed: listed && resolved ? readAssignment(listed, { selected: false, apart: undefined }, skip) : undefined,
  }
}

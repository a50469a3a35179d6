/** The types of resources that are asked for, under the names of their protocols. */
export type TypeName = 'WDS' | 'NDS' | 'CDS' | 'EDS'

const PREFIX = 'type.googleapis.com/'

/** Their type URLs. */
export const TYPE_URLS: Readonly<Record<TypeName, string>> = {
  WDS: `${PREFIX}istio.workload.Address`,
  NDS: `${PREFIX}istio.networking.nds.v1.NameTable`,
  CDS: `${PREFIX}envoy.config.cluster.v3.Cluster`,
  EDS: `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`,
}

const NAMES: ReadonlyMap<string, TypeName> = new Map(Object.entries(TYPE_URLS).map(([name, url]) => [url, name as TypeName]))

export const typeOf = (url: string): TypeName | undefined => NAMES.get(url)

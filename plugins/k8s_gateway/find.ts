/** What a cluster has under a host. */
import { ASTERISK, parentOf, ROOT } from '#src/dns/name.ts'
import { type HostIndex, type HostObject, isAnywhere } from '#src/feeds/cluster-index/host-index.ts'
import type { Place } from '#src/feeds/objects/mesh-objects.ts'
import { addressesOf } from '#src/registry/record.ts'
import type { Clusters } from './clusters.ts'
import type { Options } from './options.ts'

/** What leads from a host to places. */
interface Lead {
  readonly object: HostObject
  readonly places: readonly Place[]
  /** Of TXT records. */
  readonly texts: readonly string[]
  /** Its places may change without a change of {@link Clusters.version}. */
  readonly fleeting: boolean
}

/** Where a host leads. There may be many leads, mostly to the same places: they are not kept. */
export interface Found {
  /** The host that stands for the name: the name itself, or one with `*` as its first label. */
  readonly host: string
  /** As octets. */
  readonly addresses: ReadonlySet<string>
  /** Keys of names. */
  readonly targets: ReadonlySet<string>
  readonly texts: ReadonlySet<string>
  readonly fleeting: boolean
}

export type Finding = Pick<Options, 'resources' | 'ingressClasses' | 'gatewayClasses' | 'nodeAddresses'>

/**
 * The first resource that leads anywhere: by the name itself, else by the longest host with `*` that stands for it.
 * @param key of the name
 * @param bare the key of its labels before the zone; Services and Nodes may have it as their host, too
 */
export function findHost(clusters: Clusters, finding: Finding, key: string, bare: string): Found | undefined {
  // What stands before it may lead somewhere soon.
  let fleeting = false
  for (const question of questionsOf(key, bare)) {
    const found = together(question.host, leadsAt(clusters, finding, question))
    fleeting ||= found.fleeting
    if (leadsAnywhere(found)) return { ...found, fleeting }
  }
  return undefined
}

/** What leads from the host that was found for a name; nothing where that is this server itself. */
export function leadsFrom(clusters: Clusters, finding: Finding, host: string, key: string, bare: string): Lead[] {
  const question = [...questionsOf(key, bare)].find(question => question.host === host)
  return question ? [...leadsAt(clusters, finding, question)].filter(hasPlaces) : []
}

/** What has a host that stands for the name, whether it leads anywhere or not; each once. */
export const objectsOf = (clusters: Clusters, key: string, bare: string): ReadonlySet<HostObject> =>
  new Set(Array.from(questionsOf(key, bare)).flatMap(question => objectsAt(clusters, question)))

/** The name itself, and all hosts with `*` that stand for it, the longest first. */
function* questionsOf(key: string, bare: string): Iterable<Question> {
  yield { key, host: key, bare, depth: 0 }
  for (let [above, bareAbove, depth] = [key, bare, 1]; above !== ROOT; depth++) {
    above = parentOf(above)
    bareAbove = parentOf(bareAbove)
    yield { key, host: ASTERISK + above, bare: bareAbove === ROOT ? ROOT : ASTERISK + bareAbove, depth }
  }
}

/** The same of the name itself only. */
export function findExact(clusters: Clusters, finding: Finding, key: string, bare: string): Found | undefined {
  const found = together(key, leadsAt(clusters, finding, { key, host: key, bare, depth: 0 }))
  return leadsAnywhere(found) ? found : undefined
}

interface Question {
  readonly key: string
  /** Hosts that stand for the name; the root for none. */
  readonly host: string
  readonly bare: string
  /** For how many labels of the name `*` stands. */
  readonly depth: number
}

function objectsAt(clusters: Clusters, { host, bare }: Question): readonly HostObject[] {
  const named = clusters.at(host)
  const anywhere = bare === ROOT ? [] : clusters.at(bare).filter(isAnywhere)
  return anywhere.length === 0 ? named : [...named, ...anywhere]
}

const leadsAnywhere = ({ addresses, targets, texts }: Found): boolean => addresses.size + targets.size + texts.size > 0

const hasPlaces = ({ places, texts }: Lead): boolean => places.length + texts.length > 0

export function together(host: string, leads: Iterable<Lead>): Found {
  const [addresses, targets, texts] = [new Set<string>(), new Set<string>(), new Set<string>()]
  let fleeting = false
  for (const lead of leads) {
    for (const place of lead.places) {
      if ('address' in place) addresses.add(place.address)
      else targets.add(place.target)
    }
    for (const text of lead.texts) texts.add(text)
    fleeting ||= lead.fleeting
  }
  return { host, addresses, targets, texts, fleeting }
}

/** Those of the first resource that leads anywhere, and what does not now and may soon. */
function* leadsAt(clusters: Clusters, finding: Finding, question: Question): Iterable<Lead> {
  const objects = objectsAt(clusters, question)
  if (objects.length === 0) return
  const { key, host, depth } = question
  const gatewaysOf = clusters.hosts.gatewaysFor(key)
  for (const resource of finding.resources) {
    let leads = false
    for (const object of objects) {
      if (object.kind !== resource) continue
      const lead = leadOf(clusters, finding, object, gatewaysOf, host, depth)
      leads ||= hasPlaces(lead)
      if (hasPlaces(lead) || lead.fleeting) yield lead
    }
    if (leads) return
  }
}

function leadOf(
  clusters: Clusters,
  finding: Finding,
  object: HostObject,
  gatewaysOf: ReturnType<HostIndex['gatewaysFor']>,
  host: string,
  depth: number,
): Lead {
  const lead = (places: readonly Place[], texts: readonly string[] = NONE, fleeting = false): Lead => ({
    object,
    places,
    texts,
    fleeting,
  })
  if (object.kind === 'Service') {
    const { places, endpoints } = object.outside!
    if (!endpoints) return lead(places)
    const slices = clusters.slicesOf(object.namespace, object.name)
    return lead(addressPlaces(slices.flatMap(({ group }) => [...addressesOf(group)])), NONE, true)
  }
  if (object.kind === 'Ingress') {
    // Here, * stands for one label.
    const counts = depth <= 1 && isOf(object.class, finding.ingressClasses)
    return lead(counts ? object.places : [])
  }
  if (object.kind === 'Node') return lead(addressPlaces(object.addresses[finding.nodeAddresses]))
  if (object.kind === 'DNSEndpoint') {
    const records = object.records.filter(record => record.host === host)
    return lead(
      records.flatMap(({ places }) => places),
      records.flatMap(({ texts }) => texts),
    )
  }
  const places: Place[] = []
  for (const gateway of gatewaysOf(object))
    if (gateway.kind === 'IstioGateway' || isOf(gateway.class, finding.gatewayClasses))
      places.push(...clusters.hosts.placesOf(gateway, object))
  return lead(places)
}

const NONE: readonly string[] = []

export const isOf = (name: string, classes: readonly string[]): boolean => classes.length === 0 || classes.includes(name)

const addressPlaces = (addresses: readonly string[]): Place[] => addresses.map(address => ({ address }))

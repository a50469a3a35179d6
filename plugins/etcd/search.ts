import { EXTENDED_ERROR, FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { octetsOf } from '#src/dns/master-file/octets.ts'
import { isUnder, keyBelow, keyOf, labelsOf, toText } from '#src/dns/name.ts'
import { wholeRecords } from '#src/dns/rebase.ts'
import type { Handler, Query } from '#src/plugin.ts'
import type { Directory } from './directory.ts'
import { LookupFailure } from './failure.ts'
import { grouped } from './group.ts'
import type { Service } from './service.ts'

/** CNAMEs that may lead to each other. */
const LONGEST_CHAIN = 11
/** Names that may be looked up for one query, as each can have any number of CNAMEs, and for how long, in milliseconds. */
const MOST_NAMES = 100
const DEADLINE = 5000

/** A record. */
interface Resource {
  /** Key. */
  readonly owner: string
  readonly type: number
  /** In seconds. */
  readonly ttl: number
  /** One character for each octet; names are keys. */
  readonly data: string
}

export interface Found {
  readonly answers: readonly Resource[]
  readonly additionals: readonly Resource[]
}

interface SearchSettings {
  readonly directory: Directory
  /** Key. */
  readonly zone: string
  /** See the options. */
  readonly apexFallback: boolean
  readonly resolve: Handler
}

/** The search for what answers one query. */
export class Search {
  readonly #query: Query
  readonly #settings: SearchSettings
  /** Whether records are missing that were too long for an answer. */
  truncated = false
  #names = 0
  readonly #end = performance.now() + DEADLINE

  constructor(query: Query, settings: SearchSettings) {
    this.#query = query
    this.#settings = settings
  }

  /** Undefined where there is nothing at the name; rejects with a LookupFailure. */
  async find(): Promise<Found | undefined> {
    const { key, type } = this.#query
    if (type === TYPE.SRV || type === TYPE.MX) return this.#targets(key, type)
    if (type === TYPE.NS && key === this.#settings.zone) return this.#nameServers(key)
    const answers = await this.#records(key, type)
    return answers && { answers: distinct(answers), additionals: [] }
  }

  /** Whether there is anything below a name at which nothing was found. */
  async hasBelow(): Promise<boolean> {
    const { key, type } = this.#query
    return isPointer(type) && (await this.#services(key)) !== undefined
  }

  #records(key: string, type: number): Promise<readonly Resource[] | undefined> {
    if (isPointer(type)) return this.#pointers(key, type)
    if (type === TYPE.A || type === TYPE.AAAA || type === TYPE.TXT) return this.#follow(key, type, [])
    return this.#atApex(key).then(services => services && [])
  }

  async #services(name: string, exact = false): Promise<readonly Service[] | undefined> {
    this.#count()
    const isText = this.#query.type === TYPE.TXT
    const services = await this.#settings.directory.find(name, exact)
    return services && grouped(services.filter(({ host, text }) => host !== '' || (isText && text !== '')))
  }

  /** One more name is looked up. @throws {LookupFailure} it is one too many */
  #count(): void {
    this.#names++
    if (this.#names > MOST_NAMES) throw new LookupFailure(`more than ${MOST_NAMES} names to be looked up`)
    if (performance.now() > this.#end) throw new LookupFailure(`more than ${DEADLINE / 1000} seconds`)
  }

  /** Those of a zone itself have a name of their own, as everything is below the zone. */
  async #atApex(name: string): Promise<readonly Service[] | undefined> {
    const { zone, apexFallback } = this.#settings
    if (name !== zone) return this.#services(name)
    const services = await this.#services(keyBelow(['apex', 'dns'], zone))
    return services ?? (apexFallback ? this.#services(name) : undefined)
  }

  /** Only those that stand at the name itself. */
  async #pointers(owner: string, type: number): Promise<readonly Resource[] | undefined> {
    const services = await this.#services(owner, true)
    const pointers = (type === TYPE.CNAME ? services?.slice(0, 1) : services)?.filter(service => !isAddress(service))
    return pointers?.map(({ ttl, data }) => ({ owner, type, ttl, data }))
  }

  /** Addresses or texts, and what CNAMEs lead to. @param behind the targets of CNAMEs that have led here */
  async #follow(owner: string, type: number, behind: readonly string[]): Promise<readonly Resource[] | undefined> {
    const services = await (type === TYPE.TXT ? this.#services(owner) : this.#atApex(owner))
    if (!services) return undefined
    const records: Resource[] = []
    let failure: LookupFailure | undefined
    for (const service of services) {
      const { ttl, text, data } = service
      try {
        if (service.type === TYPE.CNAME) records.push(...(await this.#alias(owner, type, service, behind)))
        else if (service.type === type) records.push({ owner, type, ttl, data: type === TYPE.TXT ? strings(text) : data })
      } catch (error) {
        if (!(error instanceof LookupFailure)) throw error
        // One of several that leads nowhere does not take the others away.
        failure = error
      }
    }
    if (records.length === 0 && failure) throw failure
    return records
  }

  async #alias(owner: string, type: number, { ttl, data }: Service, behind: readonly string[]): Promise<readonly Resource[]> {
    if (isUnder(data, owner) || behind.includes(data) || behind.length >= LONGEST_CHAIN) return []
    const alias = { owner, type: TYPE.CNAME, ttl, data }
    if (!isUnder(data, this.#settings.zone)) return [alias, ...(await this.#elsewhere(data, type))]
    const found = await this.#follow(data, type, [...behind, data])
    return found && found.length > 0 ? [alias, ...found] : []
  }

  /** What the server itself answers for a name outside of the zone. */
  async #elsewhere(name: string, type: number): Promise<readonly Resource[]> {
    this.#count()
    const derived = this.#query.derive(name, type)
    const { rcode, sections, ttl, flags, cause, extendedError } = await this.#settings.resolve(derived)
    if (rcode === RCODE.SERVFAIL)
      throw new LookupFailure(`${toText(name)}: ${cause instanceof Error ? cause.message : 'SERVFAIL'}`, extendedError)
    if (flags & FLAG.TC) this.truncated = true
    return wholeRecords(derived, sections)
      .slice(0, sections.answers)
      .map(record => ({ ...record, ttl: ttl ?? record.ttl, data: Buffer.from(record.data).toString('latin1') }))
  }

  /** SRV or MX records, and the addresses of what they name. */
  async #targets(owner: string, type: number): Promise<Found | undefined> {
    const services = await this.#services(owner)
    if (!services) return undefined
    const answers: Resource[] = []
    const additionals: Resource[] = []
    const seen = new Set<string>()
    const glued = new Set<string>()
    const shares = sharesOf(services)
    for (const service of services) {
      const { port, priority, mail, ttl } = service
      if (service.type === TYPE.TXT || (type === TYPE.MX ? !mail : port === -1)) continue
      const target = this.#target(service)
      // Of several addresses of one name and port, CoreDNS takes the first.
      const id = `${type === TYPE.MX ? priority : port} ${target}`
      if (!(isAddress(service) && seen.has(id))) {
        const numbers = type === TYPE.MX ? [priority] : [priority, shares(service), port]
        answers.push({ owner, type, ttl, data: numbers.map(number => octetsOf(number, 2)).join('') + target })
      }
      if (isAddress(service)) {
        seen.add(id)
        additionals.push({ owner: target, type: service.type, ttl, data: service.data })
      } else if (!glued.has(target)) {
        glued.add(target)
        additionals.push(...(await this.#glue(target)))
      }
    }
    return { answers: distinct(answers), additionals: distinct(additionals) }
  }

  /** The addresses of a name, as far as they can be found. */
  async #glue(name: string): Promise<readonly Resource[]> {
    const isInside = isUnder(name, this.#settings.zone)
    const glue: Resource[] = []
    for (const type of [TYPE.A, TYPE.AAAA]) {
      try {
        glue.push(...((await (isInside ? this.#follow(name, type, []) : this.#elsewhere(name, type))) ?? []))
      } catch (error) {
        if (!(error instanceof LookupFailure)) throw error
      }
    }
    return glue
  }

  /** Name servers of the zone have a name of their own, as everything is below the zone. */
  async #nameServers(zone: string): Promise<Found | undefined> {
    const services = await this.#services(keyBelow(['ns', 'dns'], zone))
    if (!services) return undefined
    const unfit = services.find(({ type }) => type === TYPE.CNAME)
    if (unfit)
      throw new LookupFailure(`${unfit.key}: NS record must be an IP address: ${unfit.host}`, {
        code: EXTENDED_ERROR.INVALID_DATA,
      })
    const servers = services.filter(isAddress).map(service => ({ ...service, name: this.#target(service) }))
    return {
      answers: distinct(servers.map(({ ttl, name }) => ({ owner: zone, type: TYPE.NS, ttl, data: name }))),
      additionals: distinct(servers.map(({ type, ttl, name, data }) => ({ owner: name, type, ttl, data }))),
    }
  }

  /** What an SRV, MX or NS record of a service names: its host or, of an address, its key, less so many labels as it says. */
  #target(service: Service): string {
    const name = isAddress(service) ? this.#settings.directory.nameOf(service) : service.data
    const labels = labelsOf(name)
    const { targetstrip } = service
    return targetstrip > 0 && targetstrip < labels.length ? keyOf(labels.slice(targetstrip)) : name
  }
}

/** Of these only what stands at the name itself counts, and not what is below it. */
const isPointer = (type: number): boolean => type === TYPE.CNAME || type === TYPE.PTR

const isAddress = ({ type }: Service): boolean => type === TYPE.A || type === TYPE.AAAA

/** The weight of a service in percent of those with its priority; it is at least 1. */
function sharesOf(services: readonly Service[]): (service: Service) => number {
  const sums = new Map<number, number>()
  for (const { priority, weight } of services) sums.set(priority, (sums.get(priority) ?? 0) + (weight || 100))
  return ({ priority, weight }) => Math.max(1, Math.floor((100 / sums.get(priority)!) * (weight || 100)) & 0xffff)
}

/** The data of a TXT record: strings of up to 255 octets, in which backslashes escape as in master files, as CoreDNS has it. */
function strings(text: string): string {
  const octets = Buffer.from(text).toString('latin1')
  return (octets.match(/.{1,255}/gs) ?? [])
    .map(part => part.replace(/\\(?:(\d{3})|(.?))/gs, (_escape, code, octet) => (code ? String.fromCharCode(code & 255) : octet)))
    .map(part => String.fromCharCode(part.length) + part)
    .join('')
}

/** Each record once (RFC 2181 §5). */
function distinct(records: readonly Resource[]): readonly Resource[] {
  const seen = new Set<string>()
  return records.filter(({ owner, type, data }) => seen.size < seen.add(`${owner} ${type} ${data}`).size)
}

import { TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name-hash.ts'
import { NameMap } from '../../dns/name-map.ts'
import { NO_RECORDS, type Sections } from '../../dns/sections.ts'
import { type Batch, batchRecords } from './batch.ts'

/** Names whose answers are kept; when there are more, all go. */
const MOST = 20_000

interface Versioned {
  readonly version: number
}

/** The records of one name in a zone, compiled as they are asked for. */
class Answer<Z> {
  readonly key: string
  readonly zone: Z
  readonly #node: Versioned
  readonly #version: number
  readonly #epoch: number
  #ipv4: Sections | undefined
  #ipv6: Sections | undefined
  #srv: Sections | undefined

  constructor(key: string, zone: Z, node: Versioned, epoch: number) {
    this.key = key
    this.zone = zone
    this.#node = node
    this.#version = node.version
    this.#epoch = epoch
  }

  /** Whether nothing that it was made of has changed. */
  holds(epoch: number): boolean {
    return this.#version === this.#node.version && this.#epoch === epoch
  }

  /** The records of a type, {@link NO_RECORDS} where there are none; undefined where they have not been compiled. */
  records(type: number): Sections | undefined {
    if (type === TYPE.A) return this.#ipv4
    if (type === TYPE.AAAA) return this.#ipv6
    return type === TYPE.SRV ? this.#srv : undefined
  }

  compile(batches: readonly Batch[], type: number, ttl: number): Sections {
    const sections = batchRecords(batches, type, this.key, ttl) ?? NO_RECORDS
    if (type === TYPE.A) this.#ipv4 = sections
    else if (type === TYPE.AAAA) this.#ipv6 = sections
    else if (type === TYPE.SRV) this.#srv = sections
    return sections
  }
}

/** The answers of names, as long as they hold. */
export class Answers<Z> {
  #held = new NameMap<Answer<Z>>()

  get({ key, hash }: Name, epoch: number): Answer<Z> | undefined {
    const held = this.#held.get(key, hash)
    return held?.holds(epoch) ? held : undefined
  }

  /** @param node what the answer is made of */
  add(key: string, zone: Z, node: Versioned, epoch: number): Answer<Z> {
    if (this.#held.size === MOST) this.#held = new NameMap()
    const answer = new Answer(key, zone, node, epoch)
    this.#held.set(key, answer)
    return answer
  }
}

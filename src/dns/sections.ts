/**
 * The answer, authority and additional sections of a message, kept as the bytes that stand behind its question (without OPT).
 *
 * Compression pointers count from the start of the message (RFC 1035 §4.1.4), so the bytes hold in front of any question that is as
 * long as the one they were made for: a reply is sent by writing a header, copying the client's own question, and copying these bytes.
 * Sections never change once made; they are shared by the cache, the registry and every reply that carries them.
 */
import { Buffer } from 'node:buffer'
import { type AddressGroup, groupAddresses } from './address-groups.ts'
import { TYPE } from './codes.ts'
import { endOfKey, parentOf, ROOT } from './name.ts'
import { NAMES_IN_DATA, type Soa, type Srv } from './rdata.ts'
import { type RecordSpan, readSpans } from './record-spans.ts'

export class Sections {
  /** Numbers of records. */
  readonly answers: number
  readonly authorities: number
  readonly additionals: number
  /** The offset of the records in their message: 12 + the question's length. */
  readonly base: number
  /** Octets of the records. */
  readonly length: number
  #bytes: Uint8Array | undefined
  #spans: RecordSpan[] | undefined
  #addressGroups: AddressGroup[] | undefined

  /** @param bytes the records; undefined for those that `write` makes anew each time */
  constructor(
    bytes: Uint8Array | undefined,
    answers: number,
    authorities: number,
    additionals: number,
    base: number,
    length = bytes!.length,
  ) {
    this.answers = answers
    this.authorities = authorities
    this.additionals = additionals
    this.base = base
    this.length = length
    this.#bytes = bytes
  }

  /** The records. */
  get bytes(): Uint8Array {
    if (!this.#bytes) {
      this.#bytes = new Uint8Array(this.length)
      this.write(this.#bytes, 0)
    }
    return this.#bytes
  }

  /** Writes the records to a message, from `at` on. */
  write(target: Uint8Array, at: number): void {
    target.set(this.bytes, at)
  }

  /** Puts the addresses of each group into random order, in the message that they were written to, from `at` on. */
  shuffle(target: Uint8Array, at: number): void {
    for (const { offsets, length } of this.addressGroups)
      for (let left = offsets.length; left > 1; left--)
        exchange(target, at + offsets[left - 1]!, at + offsets[(Math.random() * left) | 0]!, length)
  }

  /** Every record in order; made at the first call and kept. The bytes were checked when the sections were made. */
  get spans(): readonly RecordSpan[] {
    this.#spans ??= readSpans(this)
    return this.#spans
  }

  /** The smallest TTL of all records, in seconds; undefined without records. */
  get minimumTtl(): number | undefined {
    let minimum: number | undefined
    for (const { fixed } of this.spans) minimum = Math.min(minimum ?? LONGEST_TTL, readTtl(this.bytes, fixed))
    return minimum
  }

  /** The spans of the answer section. */
  get answerSpans(): readonly RecordSpan[] {
    return this.spans.slice(0, this.answers)
  }

  /**
   * Where the rdata of addresses stands whose order is free: a list of offsets for each owner and type that has two or more A or AAAA
   * records with the same length. Exchanging rdata leaves every name, and so every compression pointer, in its place.
   */
  get addressGroups(): readonly AddressGroup[] {
    this.#addressGroups ??= this.answers + this.authorities + this.additionals < 2 ? [] : groupAddresses(this)
    return this.#addressGroups
  }

  /** The sections with the first `answers` and `authorities` records only, and none of the additional section. */
  keep(answers: number, authorities: number): Sections {
    // Pointers reach back only; a section that is cut away in the middle would move what follows.
    if (authorities > 0 && answers < this.answers) throw new RangeError('only the end of a message can be cut away')
    const end = this.spans[answers + authorities - 1]?.end ?? 0
    return new Sections(this.bytes.subarray(0, end), answers, authorities, 0, this.base)
  }

  /** The same records, the addresses of each group in another order: `arrange` gets them, as octets, and returns all of them as they shall stand. */
  arrange(arrange: (addresses: readonly Uint8Array[], group: AddressGroup) => readonly Uint8Array[]): Sections {
    const bytes = Buffer.from(this.bytes)
    for (const group of this.addressGroups) {
      const addresses = group.offsets.map(at => this.bytes.subarray(at, at + group.length))
      for (const [i, address] of arrange(addresses, group).entries()) bytes.set(address, group.offsets[i]!)
    }
    const arranged = new Sections(bytes, this.answers, this.authorities, this.additionals, this.base)
    arranged.#spans = this.#spans
    arranged.#addressGroups = this.#addressGroups
    return arranged
  }
}

export const NO_RECORDS = new Sections(new Uint8Array(0), 0, 0, 0, 0)

/** Exchanges the octets of two addresses; a step of Fisher-Yates. */
export function exchange(octets: Uint8Array, one: number, other: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const octet = octets[one + i]!
    octets[one + i] = octets[other + i]!
    octets[other + i] = octet
  }
}

export const readUint16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
export const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

const LONGEST_TTL = 0x7fffffff

/** TTL of a record in seconds. One with the top bit set is long, not over: RFC 8767 §4 takes the place of RFC 2181 §8. */
export const readTtl = (bytes: Uint8Array, fixed: number): number => Math.min(readUint32(bytes, fixed + 4), LONGEST_TTL)

/** Types of RFC 1035 whose names are compressed: no others may be (RFC 3597 §4). */
const COMPRESSED: ReadonlySet<number> = new Set([TYPE.NS, TYPE.CNAME, TYPE.SOA, TYPE.PTR, TYPE.MX])

/** Writes records to wire form for the question `name`; owner names and targets are keys. Sections are filled in their order. */
export class SectionsBuilder {
  #buffer = Buffer.allocUnsafe(512)
  #length = 0
  readonly #counts: [number, number, number] = [0, 0, 0]
  #section = 0
  readonly #base: number
  /** Where each name suffix stands in the message. */
  readonly #offsets = new Map<string, number>()

  /** @param name key of the question's name */
  constructor(name: string) {
    this.#base = 12 + name.length + 4
    this.#remember(name, 12)
  }

  /** Octets of the records so far. */
  get length(): number {
    return this.#length
  }

  /** Records from here on belong to the authority section. */
  authority(): this {
    this.#section = 1
    return this
  }

  /** Records from here on belong to the additional section. */
  additional(): this {
    this.#section = 2
    return this
  }

  /** An A or AAAA record, by the number of octets. */
  address(owner: string, ttl: number, octets: Uint8Array): this {
    const rdata = this.#open(owner, octets.length === 4 ? TYPE.A : TYPE.AAAA, ttl, octets.length)
    this.#buffer.set(octets, this.#length)
    this.#length += octets.length
    return this.#close(rdata)
  }

  /** A record whose rdata is one name: CNAME, NS, PTR, DNAME. */
  name(owner: string, type: number, ttl: number, target: string): this {
    const rdata = this.#open(owner, type, ttl, target.length)
    this.#name(target)
    return this.#close(rdata)
  }

  srv(owner: string, ttl: number, { priority, weight, port, target }: Srv): this {
    const rdata = this.#open(owner, TYPE.SRV, ttl, 6 + target.length)
    for (const value of [priority, weight, port]) this.#uint16(value)
    // RFC 2782: the target is not compressed.
    this.#latin1(target)
    return this.#close(rdata)
  }

  soa(owner: string, ttl: number, soa: Soa): this {
    const rdata = this.#open(owner, TYPE.SOA, ttl, soa.mname.length + soa.rname.length + 20)
    this.#name(soa.mname)
    this.#name(soa.rname)
    for (const value of [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum])
      this.#length = this.#buffer.writeUInt32BE(value >>> 0, this.#length)
    return this.#close(rdata)
  }

  /** A record of character-strings: TXT, HINFO. Each is at most 255 octets. */
  strings(owner: string, type: number, ttl: number, texts: readonly string[], classCode = 1): this {
    const octets = texts.map(text => Buffer.from(text))
    const rdata = this.#open(
      owner,
      type,
      ttl,
      octets.reduce((sum, text) => sum + text.length + 1, 0),
      classCode,
    )
    for (const text of octets) {
      this.#buffer[this.#length++] = text.length
      this.#buffer.set(text, this.#length)
      this.#length += text.length
    }
    return this.#close(rdata)
  }

  /** A record of any type and class, with no name in its data compressed yet; see `octets`. */
  record(owner: string, type: number, classCode: number, ttl: number, data: Uint8Array): this {
    return this.octets(owner, type, ttl, Buffer.from(data).toString('latin1'), classCode)
  }

  /**
   * A record of any type, its data as octets, one character each, with no name in it compressed yet.
   * Names are where RFC 1035 has them, the only ones that may be (RFC 3597 §4).
   */
  octets(owner: string, type: number, ttl: number, data: string, classCode = 1): this {
    const rdata = this.#open(owner, type, ttl, data.length, classCode)
    const [before, names] = (COMPRESSED.has(type) && NAMES_IN_DATA.get(type)) || [data.length, 0]
    this.#latin1(data.slice(0, before))
    let at = before
    for (let i = 0; i < names; i++) {
      const end = endOfKey(data, at)
      this.#name(data.slice(at, end))
      at = end
    }
    this.#latin1(data.slice(at))
    return this.#close(rdata)
  }

  build(): Sections {
    // Not on memory of Node's pool: what is kept would hold all that was built around it.
    return new Sections(new Uint8Array(this.#buffer.subarray(0, this.#length)), ...this.#counts, this.#base)
  }

  /** Writes owner, type, class, TTL; returns where RDLENGTH goes. `most` is the rdata's largest length. */
  #open(owner: string, type: number, ttl: number, most: number, classCode = 1): number {
    const room = this.#length + owner.length + 10 + most
    if (room > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer.subarray(0, this.#length)], 2 * room)
    this.#counts[this.#section]!++
    this.#name(owner)
    this.#uint16(type)
    this.#uint16(classCode)
    this.#length = this.#buffer.writeUInt32BE(ttl, this.#length)
    this.#length += 2
    return this.#length - 2
  }

  #close(rdlength: number): this {
    this.#buffer.writeUInt16BE(this.#length - rdlength - 2, rdlength)
    return this
  }

  #latin1(octets: string): void {
    this.#length += this.#buffer.write(octets, this.#length, 'latin1')
  }

  #uint16(value: number): void {
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  /** Writes a name, compressed where one of its suffixes stands before (RFC 1035 §4.1.4). */
  #name(key: string): void {
    let suffix = key
    while (suffix !== ROOT && !this.#offsets.has(suffix)) suffix = parentOf(suffix)
    const offset = this.#offsets.get(suffix)
    const written = key.length - suffix.length
    this.#remember(key, this.#base + this.#length, written)
    this.#length += this.#buffer.write(key, this.#length, written, 'latin1')
    if (offset === undefined) this.#buffer[this.#length++] = 0
    else this.#uint16(0xc000 | offset)
  }

  #remember(key: string, at: number, written = key.length - 1): void {
    for (let i = 0; i < written; i += 1 + key.charCodeAt(i)) {
      if (at + i < 0x4000 && !this.#offsets.has(key.slice(i))) this.#offsets.set(key.slice(i), at + i)
    }
  }
}

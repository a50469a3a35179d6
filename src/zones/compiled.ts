import { TYPE } from '../dns/codes.ts'
import { type Sections, SectionsBuilder } from '../dns/sections.ts'
import type { RecordSet } from './record-set.ts'

/** Records of a reply, under the name that they are sent with. */
export interface Part {
  readonly owner: string
  readonly set: RecordSet
}

/** The sections of a reply before they are compiled. */
export interface Draft {
  readonly answers: readonly Part[]
  readonly authority: readonly Part[]
  readonly additional: readonly Part[]
}

/** A reply that is the same for many queries. */
export interface Compiled {
  readonly rcode: number
  readonly flags: number
  readonly sections: Sections
}

/** @param signed whether signatures are sent along */
export function compile(question: string, draft: Draft, signed: boolean): Sections {
  return compileRest(compileAnswers(question, draft, signed), draft, signed)
}

/** The answer section alone, to which others may be added. */
export function compileAnswers(question: string, { answers }: Draft, signed: boolean): SectionsBuilder {
  return write(new SectionsBuilder(question), answers, signed)
}

/** Adds the other two sections. */
export function compileRest(builder: SectionsBuilder, { authority, additional }: Draft, signed: boolean): Sections {
  write(builder.authority(), authority, signed)
  return write(builder.additional(), additional, signed).build()
}

function write(builder: SectionsBuilder, parts: readonly Part[], signed: boolean): SectionsBuilder {
  for (const { owner, set } of parts) {
    for (const data of set.data) builder.octets(owner, set.type, set.ttl, data)
    if (signed) for (const signature of set.signatures) builder.octets(owner, TYPE.RRSIG, set.ttl, signature)
  }
  return builder
}

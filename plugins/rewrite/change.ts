/** What a rule makes of the reply. Of several the last comes first. */
import { lowerCase, toKey, toText } from '#src/dns/name.ts'

export interface Change {
  /** Owner names of records, as keys. @throws {IllegalName} */
  owner?(key: string): string
  /** Names in the data of records (see `target.ts`), as keys. @throws {IllegalName} */
  target?(key: string): string
  /** TTLs, in seconds. */
  ttl?(ttl: number): number
  rcode?(rcode: number): number
}

/** A name that came out of a rule and is none. */
export class IllegalName extends Error {
  override readonly name = 'IllegalName'

  constructor(text: string) {
    super(`invalid name after rewrite: ${text}`)
  }
}

/** The key of a name that a rule made. @throws {IllegalName} */
export function legalKey(text: string): string {
  try {
    if (text !== '') return toKey(text)
  } catch {}
  throw new IllegalName(text)
}

/** The change of a name by what becomes of its text. */
export const byText = (rename: (text: string) => string): ((key: string) => string) => {
  return key => {
    const text = toText(key)
    const renamed = rename(text)
    return renamed === text ? key : legalKey(lowerCase(renamed))
  }
}

/** Reading values that somebody else wrote: each reader gives what was asked for or says what was expected, and where. */
import { toOctets } from '../../dns/address.ts'
import { toKey } from '../../dns/name.ts'
import { isLabel } from '../label.ts'

type Path = readonly (string | number)[]

/** A value that cannot be accepted. The message names it by its path: `spec.ports[0].port`. */
export class Invalid extends Error {
  override readonly name = 'Invalid'
  readonly path: Path

  constructor(path: Path, expected: string) {
    super(`${pathText(path) || 'the document'} ${expected}`)
    this.path = path
  }
}

/** Told of a part that was left out because of what is wrong in it. */
export type Skip = (problem: Invalid) => void

const pathText = (path: Path): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')

/** A value, which may be absent, and the way to it from the top of its object. */
export class Field {
  readonly value: unknown
  readonly path: Path

  constructor(value: unknown, path: Path = []) {
    this.value = value ?? undefined
    this.path = path
  }

  get absent(): boolean {
    return this.value === undefined
  }

  /** The member at the end of `names`. */
  at(...names: string[]): Field {
    let field: Field = this
    for (const name of names) {
      const members = field.absent ? {} : field.#object()
      field = new Field(Object.hasOwn(members, name) ? members[name] : undefined, [...field.path, name])
    }
    return field
  }

  /** The entries of a list; none where it is absent. */
  items(): Field[] {
    if (this.absent) return []
    if (!Array.isArray(this.value)) throw this.invalid('must be a list')
    return this.value.map((value, i) => new Field(value, [...this.path, i]))
  }

  /** What `read` makes of each entry; one that it refuses is left out. */
  each<T>(read: (item: Field) => T, skip: Skip): T[] {
    return this.items().flatMap(item => {
      try {
        return [read(item)]
      } catch (error) {
        if (!(error instanceof Invalid)) throw error
        skip(error)
        return []
      }
    })
  }

  /** The members of an object whose values are read by `read`. */
  members<T>(read: (member: Field) => T): Map<string, T> {
    if (this.absent) return new Map()
    return new Map(Object.keys(this.#object()).map(name => [name, read(this.at(name))]))
  }

  #object(): Record<string, unknown> {
    if (typeof this.value !== 'object' || Array.isArray(this.value)) throw this.invalid('must be an object')
    return this.value as Record<string, unknown>
  }

  /** Text that is not empty; `otherwise`, where it is given, for what is absent or empty. */
  text(otherwise?: string): string {
    if (otherwise !== undefined && (this.absent || this.value === '')) return otherwise
    if (typeof this.value !== 'string' || this.value === '') throw this.invalid('must be text')
    return this.value
  }

  oneOf<W extends string>(words: readonly W[], otherwise?: W): W {
    const text = this.text(otherwise)
    const word = words.find(candidate => candidate === text)
    if (word === undefined) throw this.invalid(`must be one of ${words.join(', ')}`)
    return word
  }

  truth(otherwise: boolean): boolean {
    if (this.absent) return otherwise
    if (typeof this.value !== 'boolean') throw this.invalid('must be true or false')
    return this.value
  }

  port(): number {
    const { value } = this
    if (!Number.isInteger(value) || !((value as number) > 0 && (value as number) < 65536))
      throw this.invalid('must be a port number from 1 to 65535')
    return value as number
  }

  /** A name that can be a label of a host: a namespace, a service, a hostname (RFC 1123 §2.1). */
  label(otherwise?: string): string {
    const text = this.text(otherwise)
    if (text !== otherwise && !isLabel(text))
      throw this.invalid('must be at most 63 lower case letters, digits and inner hyphens')
    return text
  }

  /** The key of a host's name. */
  host(): string {
    const text = this.text()
    try {
      if (text !== '.' && /^[!-~]+$/.test(text)) return toKey(text)
    } catch {}
    throw this.invalid('must be a domain name')
  }

  /** The same of a name whose first label may be `*`, which stands for one that is not empty. */
  pattern(): string {
    if (/(?!^)\*|^\*[^.]/.test(this.text())) throw this.invalid('must be a domain name, with * at most for its whole first label')
    return this.host()
  }

  /** The octets of an address; with `size`, of one that is so long. */
  address(size?: 4 | 16): string {
    const octets = toOctets(this.text())
    if (!octets || (size && octets.length !== size))
      throw this.invalid(`must be an ${size === 4 ? 'IPv4' : size === 16 ? 'IPv6' : 'IP'} address`)
    return String.fromCharCode(...octets)
  }

  /** @param expected `must be …` */
  invalid(expected: string): Invalid {
    if (this.absent) return new Invalid(this.path, expected.replace('must be', 'is missing, it must be'))
    return new Invalid(this.path, `${expected}, not ${shorten(JSON.stringify(this.value))}`)
  }
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

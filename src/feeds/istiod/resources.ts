import { Malformed, type ProtobufReader } from '../../protobuf-reader.ts'

/** More resources of a type than this are refused. */
const MAX_HELD = 500_000
/** Reasons that a refusal tells. */
const MAX_REASONS = 3

/** What is read of a resource, and told of what becomes of it. */
interface ResourceKind<T> {
  /**
   * @param skip told of a part that is left out
   * @returns undefined for one that is of no interest
   * @throws {Error} it is of no use
   */
  read(name: string, version: string, value: ProtobufReader, skip: (problem: string) => void): T | undefined
  /** Whether `value` says what `held` does, which then stays. */
  isSame(held: T, value: T): boolean
  change(name: string, value: T | undefined, previous: T | undefined): void
}

/** The resources of one type. What a response says counts when it is whole; a resource of no use leaves what it said before. */
export class Resources<T> {
  readonly #kind: ResourceKind<T>
  #held = new Map<string, T>()
  /** What the response that comes in says. */
  #pending = new Map<string, T | undefined>()
  readonly #reasons: string[] = []
  #problems = 0

  constructor(kind: ResourceKind<T>) {
    this.#kind = kind
  }

  get size(): number {
    return this.#held.size
  }

  /** How many the response that comes in has brought so far. */
  get incoming(): number {
    return this.#pending.size
  }

  get(name: string): T | undefined {
    return this.#held.get(name)
  }

  entries(): Iterable<[name: string, value: T]> {
    return this.#held
  }

  /** A resource of the response that comes in. @throws {Malformed} there are too many */
  read(name: string, version: string, value: ProtobufReader): void {
    if (this.#pending.size >= MAX_HELD || (this.#held.size >= MAX_HELD && !this.#held.has(name)))
      throw new Malformed(`more than ${MAX_HELD} resources`)
    try {
      this.#pending.set(
        name,
        this.#kind.read(name, version, value, problem => this.#refuse(name, problem)),
      )
    } catch (error) {
      this.#pending.set(name, this.#held.get(name))
      this.#refuse(name, (error as Error).message)
    }
  }

  #refuse(name: string, problem: string): void {
    if (this.#problems++ < MAX_REASONS) this.#reasons.push(name === '' ? problem : `${name}: ${problem}`)
  }

  /**
   * The response was whole.
   * @param complete whether it says all there is: what it does not name is no more
   * @returns why it is not accepted in all its parts
   */
  apply(removed: readonly string[], complete: boolean): string | undefined {
    const pending = this.#pending
    this.#pending = new Map()
    if (this.#held.size === 0) this.#begin(pending)
    else for (const [name, value] of pending) this.#set(name, value)
    for (const name of removed) this.delete(name)
    if (complete) for (const name of this.#held.keys()) if (!pending.has(name)) this.delete(name)
    return this.#takeReasons()
  }

  /** What came first is held as it is: a second map of it would be as large. */
  #begin(pending: Map<string, T | undefined>): void {
    this.#held = pending as Map<string, T>
    for (const [name, value] of pending) {
      if (value === undefined) pending.delete(name)
      else this.#kind.change(name, value, undefined)
    }
  }

  /** The response broke off, or is not accepted. */
  discard(): void {
    this.#pending = new Map()
    this.#takeReasons()
  }

  delete(name: string): void {
    this.#set(name, undefined)
  }

  #set(name: string, value: T | undefined): void {
    const previous = this.#held.get(name)
    if (value === previous || (value && previous && this.#kind.isSame(previous, value))) return
    if (value === undefined) this.#held.delete(name)
    else this.#held.set(name, value)
    this.#kind.change(name, value, previous)
  }

  #takeReasons(): string | undefined {
    const more = this.#problems - this.#reasons.length
    this.#problems = 0
    const reasons = this.#reasons.splice(0)
    if (reasons.length === 0) return undefined
    return reasons.join('; ') + (more > 0 ? `; and ${more} more` : '')
  }
}

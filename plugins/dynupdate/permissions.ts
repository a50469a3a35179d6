import type { ZoneRecord } from '#src/plugin.ts'

/** What the holder of a secret may change. */
export interface Rule {
  /** Key of the secret's name. */
  readonly key: string
  /** Key of an owner; undefined for all in the zone. */
  readonly name: string | undefined
  /** Undefined for all. */
  readonly types: ReadonlySet<number> | undefined
}

/** Who may change what. */
export class Permissions {
  readonly #byKey: ReadonlyMap<string, readonly Rule[]>

  constructor(rules: readonly Rule[]) {
    this.#byKey = Map.groupBy(rules, ({ key }) => key)
  }

  /** Whether there is anything that the holder of the secret may change. */
  knows(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** Whether the holder of the secret may change all of these; ANY stands for all records of a name. */
  allows(key: string, updates: readonly Pick<ZoneRecord, 'owner' | 'type'>[]): boolean {
    const rules = this.#byKey.get(key) ?? []
    return updates.every(({ owner, type }) =>
      rules.some(({ name, types }) => (name ?? owner) === owner && (types?.has(type) ?? true)),
    )
  }
}

import type { Field, Skip } from '../objects/field.ts'
import type { Kind } from './kind.ts'
import type { ClusterObject } from './objects.ts'

/** An object as it came, of which nothing but what it is called has been read. */
export interface Item {
  /** `''` for an object of the whole cluster. */
  readonly namespace: string
  readonly name: string
  /** The `resourceVersion`. */
  readonly version: string
  /** Its `metadata`, as far as it is read. @throws {Error} it is not well formed */
  metadata(): Field
  /**
   * What of it is kept.
   * @param skip told of each part that is left out
   * @returns undefined for an object that no name depends on
   * @throws {Error} the object is of no use
   */
  read(kind: Kind, skip: Skip): ClusterObject | undefined
}

export const versioned = (object: ReturnType<Kind['read']>, version: string): ClusterObject | undefined =>
  object && { ...object, version }

/** What the two forms have in common in which an API server writes. */
import type { Item } from './item.ts'
import type { Status } from './status.ts'

/** Cuts a stream of octets into frames, of which each holds one event. */
export interface Frames {
  /** The frames that are whole with `chunk`. */
  split(chunk: Buffer): Iterable<Buffer>
}

/** What a watch tells. */
export type Event =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly item: Item }
  | { readonly type: 'ERROR'; readonly status: Status }

export interface List {
  readonly version: string
  /** For the next page; `''` on the last one. */
  readonly next: string
  readonly items: Iterable<Item>
}

export interface Encoding {
  frames(): Frames
  /** @returns undefined for an event of a type that nothing is known of @throws {Error} it cannot be read */
  event(frame: Buffer): Event | undefined
  /** @throws {Error} it cannot be read, which may show only with the items */
  list(body: Buffer): List
  /** @throws {Error} it cannot be read */
  status(body: Buffer): Status
}

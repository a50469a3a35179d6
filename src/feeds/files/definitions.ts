import { Invalid } from '../objects/field.ts'
import type { Join } from '../objects/join.ts'
import { claimedId, readObject } from '../objects/kinds.ts'
import { idOf, type MeshObject } from '../objects/mesh-objects.ts'
import { type Entry, readManifest } from './manifest.ts'

/** What is wrong in a file. */
export interface Complaints {
  /** `FILE:LINE: …`, one a problem. */
  readonly problems: string[]
  /** How many documents have one. */
  documents: number
}

/** Which file defines which objects. */
export class Definitions {
  readonly #join: Join
  readonly #files = new Map<string, ReadonlyMap<string, MeshObject>>()
  /** All of them, each as the last file defines it that does, by the order of their paths. */
  readonly #objects = new Map<string, MeshObject>()
  /** The paths of those files. */
  readonly #sources = new Map<string, string>()

  constructor(join: Join) {
    this.#join = join
  }

  /** How many objects of each kind there are. */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { kind } of this.#objects.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return counts
  }

  /** Whether `path` defines anything. */
  has(path: string): boolean {
    return (this.#files.get(path)?.size ?? 0) > 0
  }

  /** `path` now says `text`. What a document defined before stays while the document cannot be read. */
  read(path: string, text: string): Complaints {
    const complaints: Complaints = { problems: [], documents: 0 }
    const before = this.#files.get(path) ?? new Map<string, MeshObject>()
    const objects = new Map<string, MeshObject>()
    const refused = new Set<string | undefined>()
    for (const entry of readManifest(text)) {
      const found = complaints.problems.length
      const object = read(entry, path, complaints.problems, id => refused.add(id))
      if (object) objects.set(idOf(object), object)
      if (complaints.problems.length > found) complaints.documents++
    }
    // A document that does not say what it is may be any of those that are missing.
    for (const [id, object] of before)
      if (!objects.has(id) && (refused.has(id) || refused.has(undefined))) objects.set(id, object)
    this.#replace(path, before, objects)
    return complaints
  }

  /** `path` is gone. */
  remove(path: string): void {
    this.#replace(path, this.#files.get(path) ?? new Map(), new Map())
    this.#files.delete(path)
  }

  #replace(path: string, before: ReadonlyMap<string, MeshObject>, objects: ReadonlyMap<string, MeshObject>): void {
    this.#files.set(path, objects)
    for (const [id, object] of objects) if (path >= (this.#sources.get(id) ?? '')) this.#set(id, path, object)
    for (const id of before.keys()) if (!objects.has(id) && this.#sources.get(id) === path) this.#setLast(id)
  }

  #set(id: string, path: string, object: MeshObject | undefined): void {
    this.#join.put(id, object, this.#objects.get(id))
    if (object) {
      this.#objects.set(id, object)
      this.#sources.set(id, path)
    } else {
      this.#objects.delete(id)
      this.#sources.delete(id)
    }
  }

  /** As the last of the other files defines it: one that moves between files is never missing. */
  #setLast(id: string): void {
    let last = ''
    for (const [path, objects] of this.#files) if (objects.has(id) && path > last) last = path
    this.#set(id, last, this.#files.get(last)?.get(id))
  }
}

/** @param refuse told what an object calls itself that is of no use, as far as that is known */
function read(entry: Entry, path: string, problems: string[], refuse: (id: string | undefined) => void): MeshObject | undefined {
  if ('problem' in entry) {
    problems.push(`${path}:${entry.line}: ${entry.problem}`)
    refuse(undefined)
    return undefined
  }
  const { root, line } = entry
  const id = claimedId(root)
  const complain = ({ path: at, message }: Invalid) =>
    problems.push(`${path}:${line(at)}: ${id === undefined ? '' : `${id}: `}${message}`)
  try {
    // A copy: a part of a text keeps the whole text.
    return structuredClone(readObject(root, complain))
  } catch (error) {
    if (!(error instanceof Invalid)) throw error
    complain(error)
    refuse(id)
    return undefined
  }
}

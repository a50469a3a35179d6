/** Where names are in etcd: their labels from the root on, `/skydns/org/example/web` for web.example.org. */
import { posix } from 'node:path'
import { labelsOf, toKey } from '#src/dns/name.ts'

/** Where the records of a name are. */
interface Place {
  /** The key; with a wildcard in the name, that of the name that the wildcard stands below. */
  readonly path: string
  /** Of all keys that are meant, in their first parts; undefined without a wildcard. */
  readonly pattern: readonly string[] | undefined
}

const isWildcard = (part: string): boolean => part === '*' || part === 'any'

/** @param root what all keys begin with @param name key */
export function placeOf(root: string, name: string): Place {
  const labels = labelsOf(name).map(written).reverse()
  const path = posix.join('/', root, ...labels)
  const wildcard = labels.findIndex(isWildcard)
  if (wildcard < 0) return { path, pattern: undefined }
  return { path: posix.join('/', root, ...labels.slice(0, wildcard)), pattern: path.split('/') }
}

/** Whether a key is among those that a pattern means. */
export function fits(key: string, pattern: readonly string[]): boolean {
  const parts = key.split('/')
  return parts.length >= pattern.length && pattern.every((part, i) => isWildcard(part) || part === parts[i])
}

/** The name, as key, whose records are at an etcd key. @throws {RangeError} it is none */
export const nameAt = (root: string, key: string): string =>
  toKey(key.slice(posix.join('/', root).length).split('/').filter(Boolean).reverse().join('.'))

/** As CoreDNS writes labels. */
const written = (label: string): string =>
  label.replace(/[ "'().;@\\]/g, '\\$&').replace(/[^ -~]/g, octet => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`)

/**
 * Domain names.
 *
 * A name has two forms. The *text* is what people write and read: `Web.example.org.`, with `\.`, `\\` and `\DDD` for the octets that
 * would not survive (RFC 1035 §5.1). The *key* is what the server compares and looks up: the canonical wire form (RFC 4034 §6.2: no
 * compression, lower case), held as a string with one character for each octet, the root's zero octet included. Two names are equal
 * exactly when their keys are, whatever their labels contain.
 */

import { Buffer } from 'node:buffer'

/** The key of the root. */
export const ROOT = '\0'

/** The first label of a wildcard's key (RFC 4592 §2.1.1). */
export const ASTERISK = '\x01*'

/** The key of the wildcard that stands for all names. */
export const ALL_NAMES = ASTERISK + ROOT

/**
 * The key of a name given as text; a missing last dot is added.
 * @throws {RangeError} an empty label, a label over 63 octets, a name over 255 octets, a bad escape
 */
export function toKey(text: string): string {
  if (text === '.' || text === '') return ROOT
  return lowerCase(toWire(/[^\0-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text))
}

/**
 * The wire form of a name that is not empty, given as the octets of a text; letters stay as they are.
 * @param origin what a name without a last dot stands below, in wire form
 * @throws {RangeError} as `toKey` does
 */
export function toWire(text: string, origin = ROOT): string {
  if (text === '.') return ROOT
  let wire = ''
  let label = ''
  for (let i = 0; i < text.length; i++) {
    let octet = text[i]!
    if (octet === '.') {
      wire += sized(label, text)
      label = ''
      continue
    }
    if (octet === '\\') {
      const decimal = /^\d{3}/.exec(text.slice(i + 1, i + 4))
      if (decimal && Number(decimal[0]) > 255) throw new RangeError(`\\${decimal[0]} in "${text}" is no octet`)
      octet = decimal ? String.fromCharCode(Number(decimal[0])) : (text[i + 1] ?? '')
      if (octet === '') throw new RangeError(`"${text}" ends in a backslash`)
      i += decimal ? 3 : 1
    }
    label += octet
  }
  wire += label === '' ? ROOT : sized(label, text) + origin
  if (wire.length > 255) throw new RangeError(`"${text}" is longer than 255 octets`)
  return wire
}

function sized(label: string, text: string): string {
  if (label === '') throw new RangeError(`"${text}" has an empty label`)
  if (label.length > 63) throw new RangeError(`"${text}" has a label longer than 63 octets`)
  return String.fromCharCode(label.length) + label
}

/** ASCII letters to lower case, all other octets as they are (RFC 4343); `toLowerCase` would change octets over 127. */
export const lowerCase = (octets: string): string =>
  /[A-Z]/.test(octets) ? octets.replace(/[A-Z]+/g, run => run.toLowerCase()) : octets

const special = /[^!-~]|["().;\\@$]/

/** The text of a key, with its last dot. Whatever is not a plain printable octet is escaped, so that a name cannot forge a log line. */
export function toText(key: string): string {
  if (key === ROOT) return '.'
  let text = ''
  for (let at = 0; at < key.length - 1; ) {
    const end = at + 1 + key.charCodeAt(at)
    const label = key.slice(at + 1, end)
    text += `${special.test(label) ? escapeLabel(label) : label}.`
    at = end
  }
  return text
}

/** A label as it stands in a text. */
export const escapeLabel = (label: string): string =>
  label.replace(/[^!-~]|["().;\\@$]/g, octet => {
    const code = octet.charCodeAt(0)
    return code > 32 && code < 127 ? `\\${octet}` : `\\${String(code).padStart(3, '0')}`
  })

/** The labels of a key, first to last, without the root; each as octets. */
export function labelsOf(key: string): string[] {
  const labels: string[] = []
  for (let at = 0; key.charCodeAt(at) !== 0; at += 1 + key.charCodeAt(at))
    labels.push(key.slice(at + 1, at + 1 + key.charCodeAt(at)))
  return labels
}

/** The key of a name made of labels (octets, already lower case), below `parent`. */
export function keyOf(labels: readonly string[], parent = ROOT): string {
  let key = ''
  for (const label of labels) key += String.fromCharCode(label.length) + label
  return key + parent
}

/** The key of `labels` below `parent`; `parent` itself where that would be no name any more (RFC 1035 §2.3.4). */
export function keyBelow(labels: readonly string[], parent: string): string {
  const key = keyOf(labels, parent)
  return key.length > 255 ? parent : key
}

/** The offset behind the name in wire form that begins at `at`. */
export function endOfKey(octets: string, at: number): number {
  while (octets.charCodeAt(at) > 0) at += 1 + octets.charCodeAt(at)
  return at + 1
}

/** The key without its first label; the root is its own parent. */
export const parentOf = (key: string): string => (key === ROOT ? ROOT : key.slice(1 + key.charCodeAt(0)))

/** Whether `key` is `zone` or below it. */
export function isUnder(key: string, zone: string): boolean {
  if (zone === ROOT) return true
  if (!key.endsWith(zone)) return false
  const boundary = key.length - zone.length
  let at = 0
  while (at < boundary) at += 1 + key.charCodeAt(at)
  return at === boundary
}

/**
 * A key `length` octets long, below `parent` or `parent` itself, that no name in a record ends in: what is compiled for it holds for every name of that
 * length there. No label is shorter than two octets, so one more than the parent's is no length.
 */
export const standIn = (length: number, parent = ROOT): string => filler(length - parent.length) + parent

function filler(length: number): string {
  if (length === 0) return ''
  const label = length > 64 ? Math.min(63, length - 3) : length - 1
  return String.fromCharCode(label) + '\xff'.repeat(label) + filler(length - label - 1)
}

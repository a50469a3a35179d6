import type { Field, Skip } from '../objects/field.ts'
import { readMeta } from '../objects/meta.ts'
import type { DNSEndpoint } from './objects.ts'
import { isIgnored } from './outside.ts'

/** A DNSEndpoint (externaldns.k8s.io), of which records of other types are left out. */
export function readDnsEndpoint(root: Field, skip: Skip): Omit<DNSEndpoint, 'version'> | undefined {
  if (isIgnored(root)) return undefined
  const { namespace, name } = readMeta(root)
  return {
    kind: 'DNSEndpoint',
    namespace,
    name,
    records: root.at('spec', 'endpoints').each(item => readRecords(item, skip), skip),
  }
}

/** The longest text that a message has room for with its name and the lengths of its strings, in octets. */
const MOST_TEXT = 64_000

function readText(target: Field): string {
  const text = target.text()
  if (Buffer.byteLength(text) > MOST_TEXT) throw target.invalid(`must be at most ${MOST_TEXT} octets of text`)
  return text
}

function readRecords(item: Field, skip: Skip): DNSEndpoint['records'][number] {
  const host = item.at('dnsName').pattern()
  const type = item.at('recordType').text()
  const targets = item.at('targets')
  if (type === 'A' || type === 'AAAA') {
    const size = type === 'A' ? 4 : 16
    return { host, places: targets.each(target => ({ address: target.address(size) }), skip), texts: [] }
  }
  if (type === 'CNAME') return { host, places: targets.each(target => ({ target: target.host() }), skip), texts: [] }
  if (type === 'TXT') return { host, places: [], texts: targets.each(readText, skip) }
  throw item.at('recordType').invalid('must be A, AAAA, CNAME or TXT')
}

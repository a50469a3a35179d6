/** Keys in two files, as BIND's `dnssec-keygen` writes them: `K*.key` has the DNSKEY record, `K*.private` the private key. */
import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { TYPE, typeName } from '../dns/codes.ts'
import { EntryError, readEntries } from '../dns/master-file/entries.ts'
import { RecordReader } from '../dns/master-file/record.ts'
import { ROOT } from '../dns/name.ts'
import { Dnskey } from './dnskey.ts'
import { ZoneKey } from './zone-key.ts'

/** The TTL of a record that gives none, in seconds, as in CoreDNS. */
const TTL = 3600

/** Reads a key pair. @param path of either file, or without `.key` and `.private` @throws {Error} what is wrong, with file and line */
export function readKeyFiles(path: string): ZoneKey {
  const base = path.replace(/\.(?:key|private)$/, '')
  const dnskey = readFile(`${base}.key`, readPublic)
  return readFile(`${base}.private`, (text, at) => readPrivate(text, at, dnskey))
}

/** Called with the number of the line that is being read, for errors. */
type At = (line: number) => void

/** @throws {RangeError} */
function readPublic(text: string, at: At): Dnskey {
  for (const { line, words, flush } of readEntries(text)) {
    if (words.length === 0) continue
    at(line)
    const record = new RecordReader(ROOT, TTL).read(words, flush)
    if (record.type !== TYPE.DNSKEY) throw new RangeError(`the record is a ${typeName(record.type)}, and no DNSKEY`)
    return new Dnskey(record)
  }
  throw new RangeError('no DNSKEY record')
}

const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/

/** @throws {RangeError} the message never holds any of the secret */
function readPrivate(text: string, at: At, dnskey: Dnskey): ZoneKey {
  const fields = new Map<string, { value: string; line: number }>()
  for (const [i, line] of text.split('\n').entries()) {
    at(i + 1)
    const [, name, value] = /^\s*([\w-]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined) fields.set(name.toLowerCase(), { value: value!, line: i + 1 })
    else if (!/^\s*(?:;.*)?$/.test(line)) throw new RangeError("a line must be 'NAME: VALUE'")
  }
  const take = (name: string): string => {
    const field = fields.get(name.toLowerCase())
    if (!field) throw new RangeError(`${name} is missing`)
    at(field.line)
    return field.value
  }
  const format = take('Private-key-format')
  if (format !== 'v1.2' && format !== 'v1.3') throw new RangeError(`Private-key-format must be v1.2 or v1.3: '${format}'`)
  const algorithm = take('Algorithm')
  if (Number.parseInt(algorithm, 10) !== dnskey.algorithmNumber)
    throw new RangeError(`Algorithm must be ${dnskey.algorithmNumber}, that of the public key: '${algorithm}'`)
  return new ZoneKey(dnskey, name => {
    const value = take(name)
    if (value === '' || !BASE64.test(value)) throw new RangeError(`${name} must be base64`)
    return Buffer.from(value, 'base64')
  })
}

/** Reads a file with `read`, and puts file and line in front of its errors. */
function readFile<T>(file: string, read: (text: string, at: At) => T): T {
  let line = 1
  try {
    return read(readFileSync(file, 'latin1'), reached => {
      line = reached
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new Error(`${file}:${error instanceof EntryError ? error.line : line}: ${error.message}`)
  }
}

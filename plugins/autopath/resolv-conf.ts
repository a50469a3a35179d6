import { readFileSync } from 'node:fs'
import { toKey } from '#src/dns/name.ts'

/** More domains than this are not tried. */
const MOST = 32

/** The search list of a resolv.conf(5), as keys: the last `search` or `domain` line is the one that counts. @throws a system error, or for what is no domain */
export function readSearchList(path: string): string[] {
  let domains: readonly string[] = []
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [word, ...names] = line.trim().split(/\s+/)
    if (word === 'search') domains = names
    else if (word === 'domain') domains = names.slice(0, 1)
  }
  return domains.slice(0, MOST).map(toKey)
}

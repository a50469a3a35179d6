import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'

/** Whether there is a file of this name, or may be: one that cannot be looked at cannot be read either, and that says why. */
export function isFile(name: string): boolean {
  try {
    return statSync(name, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    return true
  }
}

/** The addresses of the nameservers of a file in the form of resolv.conf(5). @throws {RangeError} it cannot be read */
export function nameserversOf(file: string): string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new RangeError(`cannot read ${file}: ${(error as Error).message}`)
  }
  return Array.from(text.matchAll(/^nameserver[ \t]+(\S+)/gm), ([, address]) => address!).filter(address => isIP(address) !== 0)
}

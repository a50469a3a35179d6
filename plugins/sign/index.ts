/** *sign* signs the zones of master files into others, which *file* and *auto* answer from. */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { toKey } from '#src/dns/name.ts'
import { readKeyFiles } from '#src/dnssec/key-files.ts'
import type { ZoneKey } from '#src/dnssec/zone-key.ts'
import type { Line, Plugin } from '#src/plugin.ts'
import { ZoneSigner } from './zone-signer.ts'

/** One use of the directive. Files are as written. */
interface Use {
  readonly source: string
  readonly zones: readonly string[]
  readonly keys: KeySource[]
  directory: string
}

interface KeySource {
  readonly kind: 'file' | 'directory'
  readonly path: string
}

export const sign: Plugin<readonly Use[]> = {
  name: 'sign',

  // sign DBFILE [ZONES...] { key file|directory KEY...|DIR...; directory DIR }
  parse(directive) {
    const written = new Set<string>()
    return directive.uses().map(line => {
      const use: Use = {
        source: line.text('DBFILE'),
        zones: line.zones(directive.zones),
        keys: [],
        directory: '/var/lib/coredns',
      }
      line.options({
        key: option => use.keys.push(...keySources(option)),
        directory: option => {
          use.directory = option.text('DIR')
        },
      })
      line.end()
      if (use.keys.length === 0) throw line.problem('no key to sign with')
      for (const zone of use.zones) {
        const file = `${use.directory}/${zone}`
        if (written.has(file)) throw line.problem(`zone ${zone} is signed into ${use.directory} already`)
        written.add(file)
      }
      return use
    })
  },

  create(uses, block) {
    if (!block.server.control) return {}
    const path = (name: string) => resolve(block.root, name)
    const log = block.log('sign')
    const signers = uses.flatMap(({ source, zones, keys, directory }) =>
      zones.map(zone => {
        const files = keys.flatMap(key => (key.kind === 'file' ? path(key.path) : keysIn(path(key.path), zone)))
        return new ZoneSigner(zone, path(source), path(directory), files.map(readKey), log)
      }),
    )
    let runs: readonly Promise<void>[] = []
    return {
      // No query waits for it: what was signed before is valid for a while.
      async start(signal) {
        runs = signers.map(signer => signer.run(signal))
      },
      async stop() {
        await Promise.all(runs)
      },
    }
  },
}

function keySources(option: Line): KeySource[] {
  const kind = option.oneOf('SOURCE', ['file', 'directory'] as const)
  return option.some(kind === 'file' ? 'KEY' : 'DIR').map(path => ({ kind, path }))
}

/** The files of the keys in a folder that were made for a zone. @throws {Error} there are none */
function keysIn(folder: string, zone: string): string[] {
  const names = readdirSync(folder).filter(name => {
    const [, owner] = /^K(.*\.)\+\d{3}\+\d{5}\.key$/.exec(name) ?? []
    return owner !== undefined && toKey(owner) === toKey(zone)
  })
  if (names.length === 0) throw new Error(`${folder} has no key of ${zone}: no file K${zone}+ALGORITHM+TAG.key`)
  return names.sort().map(name => join(folder, name))
}

/** @throws {Error} it cannot be read, or is not one that signs keys */
function readKey(file: string): ZoneKey {
  const key = readKeyFiles(file)
  if (!key.dnskey.isEntryPoint) throw new Error(`DNSKEY in "${file}" is not a CSK/KSK: its flags are 256, and not 257`)
  return key
}

/** `npm run bench [scenario…]`: this server beside the peers of this machine, in one run. See README.md. */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { coredns } from './peers/coredns.ts'
import { dnsdist } from './peers/dnsdist.ts'
import { dnsmasq } from './peers/dnsmasq.ts'
import { istioCoredns } from './peers/istio-coredns.ts'
import { knot } from './peers/knot.ts'
import type { Peer } from './peers/peer.ts'
import { unbound } from './peers/unbound.ts'
import { hottest } from './profile.ts'
import { describeMachine, renderJson, renderTable, type Setting, type Table } from './report.ts'
import { scenarios } from './scenarios/index.ts'
import { findProgram, Stand, takeLoadCore } from './stand.ts'

const USAGE = `Usage: npm run bench -- [scenario…] [options]
  --seconds N     length of one measurement (default 3)
  --runs N        measurements of each server (default 3)
  --json          print one JSON document instead of tables
  --cpu-prof DIR  write CPU profiles of this server to DIR/SCENARIO
Scenarios (default: all):
${scenarios.map(({ name, title }) => `  ${name.padEnd(15)} ${title}\n`).join('')}`

const peers: readonly Peer[] = [istioCoredns, knot, unbound, dnsdist, dnsmasq, coredns]

const say = (line: string) => process.stderr.write(`${line}\n`)

function fail(message: string): never {
  say(message)
  process.exit(1)
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '3' },
        runs: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        'cpu-prof': { type: 'string' },
      },
    })
    const chosen = positionals.map(name => {
      const scenario = scenarios.find(scenario => scenario.name === name)
      if (!scenario) throw new Error(`there is no scenario ${name}`)
      return scenario
    })
    return {
      chosen: chosen.length > 0 ? chosen : scenarios,
      seconds: positive('seconds', values.seconds),
      rounds: Math.ceil(positive('runs', values.runs)),
      json: values.json,
      profile: values['cpu-prof'] && resolve(values['cpu-prof']),
    }
  } catch (error) {
    return fail(`${(error as Error).message}\n${USAGE}`.trimEnd())
  }
}

function positive(option: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`--${option} wants a number above 0, not ${text}`)
  return number
}

/** The first thing that looks like a version number in what a program prints about its version. */
function versionOf({ program, version }: Peer): string {
  const { stdout } = spawnSync(findProgram(program)!, version, { encoding: 'utf8' })
  return /\d+\.\d[\w.]*/.exec(stdout)?.[0] ?? 'of unknown version'
}

const { chosen, seconds, rounds, json, profile } = readArguments()
if (!findProgram('dnsperf'))
  fail('dnsperf is not on PATH: it makes the load of this bench (Debian and Ubuntu: apt install dnsperf)')
const present = peers.filter(peer => findProgram(peer.program))
for (const { name, program } of peers) if (!findProgram(program)) say(`${name}: ${program} is not on PATH, skipped`)
const unpinned = takeLoadCore()
if (unpinned) say(unpinned)

let stand: Stand | undefined
process.on('exit', () => stand?.[Symbol.dispose]())
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
process.on('SIGHUP', () => process.exit(129))

const setting: Setting = {
  machine: describeMachine(),
  versions: Object.fromEntries(present.map(peer => [peer.name, versionOf(peer)])),
}
if (!json) {
  const versions = Object.entries(setting.versions).map(([name, version]) => `${name} ${version}`)
  process.stdout.write(`${setting.machine}\n${versions.join(', ')}\n\n`)
}

const tables: Table[] = []
for (const scenario of chosen) {
  stand = new Stand(profile && join(profile, scenario.name))
  try {
    const table = await scenario.run({ stand, seconds, rounds, has: peer => findProgram(peer.program) !== undefined, say })
    tables.push(table)
    if (!json) process.stdout.write(`${renderTable(table)}\n`)
  } catch (error) {
    say(`${scenario.name}: ${(error as Error).message}`)
    process.exitCode = 1
  }
  // Ending is what makes a server write its profile.
  await stand.stop()
  if (profile) for (const line of hottest(join(profile, scenario.name))) say(line)
}
if (json) process.stdout.write(`${renderJson(setting, tables)}\n`)

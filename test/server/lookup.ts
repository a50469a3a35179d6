/** Run with names as arguments: asks the machine's own resolver for each as applications do, and prints what came and how long it took as JSON. */
import { spawnSync } from 'node:child_process'
import { lookup } from 'node:dns/promises'

export interface Lookup {
  name: string
  /** How it was asked: by getaddrinfo through Node, getent or Python, or by Python's gethostbyname. */
  way: 'node' | 'getent' | 'getaddrinfo' | 'gethostbyname'
  /** Sorted, each once; empty when there is none. */
  addresses: string[]
  milliseconds: number
}

/** In one process for all names: on a busy machine, each start of Python takes a second. */
const PYTHON = `
import json, socket, sys, time
ways = {
  'getaddrinfo': lambda name: [info[4][0] for info in socket.getaddrinfo(name, 80)],
  'gethostbyname': lambda name: socket.gethostbyname_ex(name)[2],
}
for name in sys.argv[1:]:
  for way, call in ways.items():
    started = time.monotonic()
    try: addresses = call(name)
    except socket.gaierror: addresses = []
    print(json.dumps({'name': name, 'way': way, 'addresses': addresses, 'milliseconds': 1000 * (time.monotonic() - started)}))
`

const sorted = (addresses: readonly string[]) => [...new Set(addresses)].filter(Boolean).sort()

async function byNode(name: string): Promise<Lookup> {
  const started = performance.now()
  const found = await lookup(name, { all: true }).catch(() => [])
  return { name, way: 'node', addresses: sorted(found.map(({ address }) => address)), milliseconds: performance.now() - started }
}

function byGetent(name: string): Lookup {
  const started = performance.now()
  const { stdout } = spawnSync('getent', ['ahosts', name], { encoding: 'utf8' })
  const addresses = stdout.split('\n').map(line => line.split(' ')[0]!)
  return { name, way: 'getent', addresses: sorted(addresses), milliseconds: performance.now() - started }
}

/** None where there is no Python. */
function byPython(names: readonly string[]): Lookup[] {
  const { stdout, status } = spawnSync('python3', ['-c', PYTHON, ...names], { encoding: 'utf8' })
  const lines = status === 0 ? stdout.trim().split('\n') : []
  return lines.map((line): Lookup => JSON.parse(line)).map(found => ({ ...found, addresses: sorted(found.addresses) }))
}

if (import.meta.main) {
  const names = process.argv.slice(2)
  const lookups = byPython(names)
  for (const name of names) lookups.push(await byNode(name), byGetent(name))
  process.stdout.write(JSON.stringify(lookups))
}

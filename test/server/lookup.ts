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

/** Prints addresses in a line, then the seconds it took without the start of Python itself. */
const python = (call: string) => `
import socket, sys, time
started = time.monotonic()
try: addresses = ${call}
except socket.gaierror: addresses = []
print(*addresses)
print(time.monotonic() - started)`

const GETADDRINFO = python('[info[4][0] for info in socket.getaddrinfo(sys.argv[1], 80)]')
const GETHOSTBYNAME = python('socket.gethostbyname_ex(sys.argv[1])[2]')

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

function byPython(name: string, way: 'getaddrinfo' | 'gethostbyname', program: string): Lookup[] {
  const { stdout, status } = spawnSync('python3', ['-c', program, name], { encoding: 'utf8' })
  if (status !== 0) return []
  const [addresses = '', seconds] = stdout.split('\n')
  return [{ name, way, addresses: sorted(addresses.split(' ')), milliseconds: 1000 * Number(seconds) }]
}

if (import.meta.main) {
  const lookups: Lookup[] = []
  for (const name of process.argv.slice(2)) {
    lookups.push(
      await byNode(name),
      byGetent(name),
      ...byPython(name, 'getaddrinfo', GETADDRINFO),
      ...byPython(name, 'gethostbyname', GETHOSTBYNAME),
    )
  }
  process.stdout.write(JSON.stringify(lookups))
}

/** Programs on a machine of their own, with port 53 free and a resolv.conf that names the server, as in a pod. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SCRIPT = fileURLToPath(new URL('namespace.sh', import.meta.url))
const CLUSTER = fileURLToPath(new URL('cluster.ts', import.meta.url))

/** Network, mount and process namespaces; all that runs there ends with the first process. As root they need no user namespace, which some systems forbid. */
const NAMESPACES = ['-mnpf', '--mount-proc', '--kill-child']
const WAYS = [['-r', ...NAMESPACES], NAMESPACES]
const PROBE = 'ip link set lo up && ip link add one type veth peer name two && mount --bind /dev/null /etc/resolv.conf'

const way = WAYS.find(flags => spawnSync('unshare', [...flags, 'sh', '-c', PROBE]).status === 0)

/** Why there are no such machines here; false where there are. As `skip` of a test. */
export const noNamespaces = way ? false : 'unshare gives no network and mount namespaces here'

/** What pods have. */
const CLIENT = 'nameserver 127.0.0.1\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n'
/** What nodes have. The address is that of the upstream in namespace.sh. */
const UPSTREAM = 'nameserver 198.18.0.1\n'

/**
 * Starts the server with `corefile` on such a machine, and with it an upstream that knows the addresses of `upstream` (lines of a hosts
 * file) and nothing else, then runs `command`. With `cluster`, the server is a pod of a small one.
 * @returns what the command printed, and the server's output
 * @throws with everything that was printed, when the command or the server fails
 */
export async function runBeside(
  corefile: string,
  upstream: readonly string[],
  command: readonly string[],
  { cluster = false } = {},
): Promise<{ stdout: string; log: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  try {
    const files = {
      Corefile: corefile,
      'upstream.Corefile': `.:53 {\n hosts /dev/null {\n${upstream.join('\n')}\n }\n}\n`,
      'upstream.conf': UPSTREAM,
      'client.conf': CLIENT,
    }
    for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content)
    if (cluster) await mkdir(join(folder, 'serviceaccount'))
    const child = spawn('unshare', [...way!, 'sh', SCRIPT, folder, join(folder, 'Corefile'), ...command], {
      cwd: ROOT,
      env: { ...process.env, NODE: process.execPath, MAIN: join(ROOT, 'src/start.js'), CLUSTER },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    const log = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '')
    if (code !== 0) throw new Error(`exit code ${code}\n${stdout}${stderr}${log}`)
    return { stdout, log: log.trimEnd().split('\n') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

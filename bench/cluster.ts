/** A real API server with the objects of a cluster, and servers that watch it as if they were pods of that cluster. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { collectionPath, endpointSlice, type KubeObject, namespace, service } from '#test/support/kubernetes/objects.ts'
import { freePort } from '#test/support/ports.ts'
import { coredns } from './peers/coredns.ts'
import { istioCoredns } from './peers/istio-coredns.ts'
import type { Peer } from './peers/peer.ts'
import type { Process } from './process.ts'
import { type Core, findProgram, type Stand } from './stand.ts'

const TOKEN = 'bench'
/** Requests under way while objects are made. */
const WRITERS = 16
/** Milliseconds for the API server to start. */
const PATIENCE = 30_000

/** Gives a program, in a mount namespace of its own, the service account of a pod. */
const AS_POD = `
mount -t tmpfs tmpfs /var/run && d=/var/run/secrets/kubernetes.io/serviceaccount && mkdir -p $d && cp "$0"/* $d/ && exec "$@"`

export class Cluster {
  readonly #stand: Stand
  readonly #core: Core
  readonly #program: string
  readonly #folder: string
  readonly #port: number
  readonly securePort: number
  #process: Process | undefined

  /** @param core where its API server runs @throws {Error} why there is none */
  static async start(stand: Stand, core: Core = 'load'): Promise<Cluster> {
    const built = await realApiProgram()
    if ('skip' in built) throw new Error(built.skip)
    stand.tool('unshare')
    const cluster = new Cluster(stand, core, built.program, await freePort(), await freePort())
    await cluster.#serve()
    return cluster
  }

  private constructor(stand: Stand, core: Core, program: string, port: number, securePort: number) {
    this.#stand = stand
    this.#core = core
    this.#program = program
    this.#folder = join(stand.folder, `cluster-${port}`)
    this.#port = port
    this.securePort = securePort
    mkdirSync(this.account, { recursive: true })
    writeFileSync(join(this.account, 'token'), TOKEN)
    writeFileSync(join(this.account, 'namespace'), 'default')
  }

  /** The folder of a service account: a token, and the certificate to trust. */
  get account(): string {
    return join(this.#folder, 'account')
  }

  /** Makes an object, or replaces the one that is there. */
  async put(object: KubeObject): Promise<void> {
    const path = collectionPath(object)
    if ((await this.#send('POST', path, object)) === 409) await this.replace(object)
  }

  /** Replaces an object that is there. */
  async replace(object: KubeObject): Promise<void> {
    await this.#send('PUT', `${collectionPath(object)}/${object.metadata!.name}`, object)
  }

  async putAll(objects: Iterable<KubeObject>): Promise<void> {
    const rest = objects[Symbol.iterator]()
    const write = async () => {
      for (let next = rest.next(); !next.done; next = rest.next()) await this.put(next.value)
    }
    await Promise.all(Array.from({ length: WRITERS }, write))
  }

  /** Ends at once and serves again, knowing no more how objects came to be what they are: who watches has to list them all. */
  async restart(): Promise<void> {
    // Behind this, the versions that are held of all other kinds are older than what the server knows when it is back.
    await this.put(namespace(`at-${Date.now()}`))
    this.#process?.kill()
    await this.#process?.ended
    await this.#serve()
  }

  async #serve(): Promise<void> {
    const tls = join(this.#folder, 'tls')
    const args = [
      ...['--listen', `127.0.0.1:${this.#port}`, '--tls-listen', `127.0.0.1:${this.securePort}`, '--tls-dir', tls],
      ...['--etcd-dir', join(this.#folder, 'etcd'), '--token', join(this.account, 'token')],
      ...['--watch-cache', '--compact-every', '0'],
    ]
    const process = this.#stand.spawn(this.#program, args, { core: this.#core })
    this.#process = process
    for (const end = Date.now() + PATIENCE; !readFileSync(process.log, 'utf8').startsWith('ready'); await wait(50))
      if (!process.running || Date.now() > end) throw new Error(`the API server did not start\n${process.lastLines}`)
    const certificate = readdirSync(tls).find(file => file.endsWith('.crt'))!
    cpSync(join(tls, certificate), join(this.account, 'ca.crt'))
  }

  async #send(method: string, path: string, object: KubeObject): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(object),
    })
    const text = await response.text()
    if (!response.ok && response.status !== 409) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return response.status
  }
}

/** A headless Service of `namespace` and its one slice, of ready endpoints; headless, because *kubernetes* answers only those with endpoints. */
export function headless(name: string, own: string, addresses: readonly string[]): [KubeObject, KubeObject] {
  return [service(name, { clusterIP: 'None', clusterIPs: ['None'] }, { namespace: own }), sliceOf(name, own, addresses)]
}

export const sliceOf = (name: string, own: string, addresses: readonly string[], notReady: readonly string[] = []): KubeObject =>
  endpointSlice(
    name,
    [],
    {
      endpoints: [...addresses.map(each => [each, true] as const), ...notReady.map(each => [each, false] as const)].map(
        ([address, ready]) => ({ addresses: [address], conditions: { ready, serving: ready, terminating: !ready } }),
      ),
    },
    { namespace: own, labels: { 'kubernetes.io/service-name': name } },
  )

export const namespaces = (...names: readonly string[]): KubeObject[] => names.map(namespace)

/** A server as a pod of `cluster`. @param directive what it is to answer from, in the words of the Corefile */
function asPod(peer: Peer, name: string, cluster: Cluster, directive: string): Peer {
  return {
    ...peer,
    name,
    program: 'unshare',
    launch: (role, place) => {
      const { args } = peer.launch(role, place)
      const lines = ['bind 127.0.0.1', 'errors', `prometheus 127.0.0.1:${place.metricsPort}`, directive]
      return {
        args: ['-r', '-m', 'sh', '-c', AS_POD, cluster.account, findProgram(peer.program)!, ...args],
        files: { Corefile: `.:${place.port} {\n${lines.map(line => `    ${line}\n`).join('')}}\n` },
        env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${cluster.securePort}` },
      }
    },
  }
}

const MESH = 'mesh cluster.local {\n        source kubernetes\n    }'
const KUBERNETES = 'kubernetes cluster.local'

/** This server with each of its plugins, and CoreDNS where it is installed. */
export function pods(cluster: Cluster, has: (peer: Peer) => boolean): Peer[] {
  return [
    asPod(istioCoredns, istioCoredns.name, cluster, MESH),
    asPod(istioCoredns, `${istioCoredns.name}, kubernetes`, cluster, KUBERNETES),
    ...(has(coredns) ? [asPod(coredns, coredns.name, cluster, KUBERNETES)] : []),
  ]
}

/** This server with *cache* in the block, which must make no difference. */
export const cachingPod = (cluster: Cluster): Peer =>
  asPod(istioCoredns, `${istioCoredns.name}, cache`, cluster, `${MESH}\n    cache`)

import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ROOT } from '#test/house/files.ts'
import { container, corefile, pod } from './manifests.ts'

const run = promisify(execFile)
const { runAsUser, runAsGroup, sysctls } = pod.spec!.securityContext!

/** Runs its arguments as the Deployment says: its user and sysctl, no capabilities, no new privileges, nothing of the root to write to. */
const CONFINE = `set -e
mount --make-rprivate /
mount -o remount,ro,bind /
ip link set lo up
${sysctls!.map(({ name, value }) => `echo ${value} > /proc/sys/${name.replaceAll('.', '/')}`).join('\n')}
exec setpriv --reuid ${runAsUser} --regid ${runAsGroup} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`

const confined = (...args: string[]) => [
  '--net',
  '--mount',
  'sh',
  '-c',
  CONFINE,
  'sh',
  process.execPath,
  join(ROOT, 'src/start.js'),
  ...args,
]
const possible = spawnSync('unshare', confined('-version')).status === 0

/** What clients and the kubelet do: a query over port 53, and the probes until they are content. */
const LOOK = `
const { Resolver } = require('node:dns/promises')
const { setTimeout } = require('node:timers/promises')
const resolver = new Resolver()
resolver.setServers(['127.0.0.1:53'])
console.log(await resolver.resolve4('backend.default.svc.cluster.local'))
for (const path of process.argv.slice(1)) while (!(await fetch('http://127.0.0.1:' + path)).ok) await setTimeout(50)`

test('confined as the Deployment says, the server answers on port 53, is healthy and ready, and ends in peace', {
  skip: possible ? false : 'this machine allows no such confinement',
}, async () => {
  const served = corefile
    .replace('source kubernetes', `source file ${join(ROOT, 'examples/mesh')}`)
    .replace('/etc/resolv.conf', '192.0.2.53')
    .replace(/lameduck \d+s/, 'lameduck 100ms')
  const server = spawn('unshare', confined(container.args![0]!, 'stdin'))
  try {
    const exited = once(server, 'exit')
    server.stdin.end(served)
    for await (const line of createInterface(server.stdout)) if (/^\w+\/\w+, node v/.test(line)) break
    const inside = [`--net=/proc/${server.pid}/ns/net`, process.execPath, '--input-type=commonjs']
    const paths = [container.livenessProbe!, container.readinessProbe!].map(({ httpGet }) => {
      const port = container.ports!.find(({ name }) => name === httpGet!.port)!
      return `${port.containerPort}${httpGet!.path}`
    })
    const { stdout } = await run('nsenter', [...inside, '-e', `(async () => {${LOOK}})()`, ...paths])
    assert.match(stdout, /10\.244\./)
    server.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
  } finally {
    server.kill('SIGKILL')
  }
})

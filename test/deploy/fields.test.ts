import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KubernetesObject } from '@kubernetes/client-node'
import { fencesOf, ROOT, read } from '#test/house/files.ts'
import { deployed, objectsOf, the } from './manifests.ts'

const TYPES = join(ROOT, 'node_modules/@kubernetes/client-node/dist/index.js')
const GROUPS = /^(v1|(apps|policy|autoscaling|networking\.k8s\.io|rbac\.authorization\.k8s\.io)\/v\d+)$/

/** The Kubernetes client's name for a kind: `V2HorizontalPodAutoscaler`. */
const typeOf = ({ apiVersion, kind }: KubernetesObject) => `V${apiVersion!.split('v').at(-1)}${kind}`

/**
 * What the API's types say against each object, empty where they accept it. As an object literal, it may have no field that its type does not know:
 * what an API server refuses with `--validate=strict`.
 */
function complaints(objects: readonly KubernetesObject[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'istio-coredns-'))
  try {
    const files = objects.map((object, i) => {
      const file = join(folder, `object-${i}.ts`)
      const type = typeOf(object)
      // The client's spelling of a field whose name is a word of the language.
      const literal = JSON.stringify(object).replaceAll('"from":', '"_from":')
      writeFileSync(file, `import type { ${type} } from '${TYPES}'\nexport default ${literal} satisfies ${type}\n`)
      return file
    })
    const options =
      '--ignoreConfig --noEmit --strict --skipLibCheck --target esnext --module nodenext --types node --pretty false'
    const roots = ['--typeRoots', join(ROOT, 'node_modules/@types')]
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, ...options.split(' '), ...roots, ...files], {
      cwd: folder,
      encoding: 'utf8',
    })
    return files.map((_, i) => new RegExp(`^object-${i}\\.ts.*?: error (.*)$`, 'm').exec(stdout)?.[1] ?? '')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('every object has the fields that its kind has, with values of their types', () => {
  const told = fencesOf(read('deploy/README.md').text)
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ text }) => objectsOf(text))
    .filter(({ apiVersion }) => GROUPS.test(apiVersion ?? ''))
  const objects = [...deployed, ...told]
  const found = complaints(objects)
  assert.deepEqual(
    objects.flatMap((object, i) => (found[i] === '' ? [] : `${object.kind} ${object.metadata?.name}: ${found[i]}`)),
    [],
  )
})

test('a field that is unknown, of another type or missing is found', () => {
  const { spec, ...deployment } = the('Deployment')
  const autoscaler = the('HorizontalPodAutoscaler')
  const { scaleTargetRef: _, ...rest } = autoscaler.spec!
  const withPod = (changes: object) => ({
    ...deployment,
    spec: { ...spec, template: { ...spec!.template, spec: { ...spec!.template.spec, ...changes } } },
  })
  assert.deepEqual(
    complaints([
      withPod({ dnspolicy: 'Default' }),
      withPod({ containers: [{ name: 'a', ports: [{ containerPort: '53' }] }] }),
      withPod({ containers: [{ name: 'a', livenessProbe: { httpGet: { port: 'health', pathname: '/health' } } }] }),
      { ...autoscaler, spec: rest } as KubernetesObject,
    ]).map(complaint => /^TS2353|^TS2322|^TS1360|^TS2741/.test(complaint)),
    [true, true, true, true],
  )
})

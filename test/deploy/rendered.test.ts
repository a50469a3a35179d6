import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { fencesOf, filesOf, ROOT, read } from '#test/house/files.ts'
import { deployed, objectsOf } from './manifests.ts'

const run = promisify(execFile)
const skip = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'kubectl is not on this machine'
const kustomize = async (folder: string) => objectsOf((await run('kubectl', ['kustomize', folder], { cwd: ROOT })).stdout)

test('deploy/istio-coredns.yaml is what kubectl kustomize deploy renders', { skip }, async () => {
  assert.deepEqual(deployed, await kustomize('deploy'), 'its first line tells how to render it anew')
})

test('every manifest is named in the kustomization of its folder', () => {
  for (const folder of [
    'deploy',
    'deploy/components/pod-monitor',
    'deploy/components/prometheus-rule',
    'deploy/components/grafana-dashboard',
  ]) {
    const { resources = [] } = parse(read(`${folder}/kustomization.yaml`).text)
    const manifests = filesOf(folder, '.yaml')
      .map(({ path }) => relative(folder, path))
      .filter(path => !path.includes('/') && !['kustomization.yaml', 'istio-coredns.yaml'].includes(path))
    assert.deepEqual([...resources].sort(), manifests, folder)
  }
})

test('the kustomization that README.md proposes sets the image and adds PodMonitor, PrometheusRule and dashboard', {
  skip,
}, async () => {
  const fence = fencesOf(read('deploy/README.md').text).find(({ text }) => /^kind: Kustomization$/m.test(text))
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'istio-coredns-')))
  try {
    const text = fence!.text.replaceAll('../istio-coredns/', `${relative(folder, ROOT)}/`)
    await writeFile(join(folder, 'kustomization.yaml'), text)
    const objects = await kustomize(folder)
    const { newName, newTag } = parse(text).images[0]
    const image = JSON.stringify(objects.find(({ kind }) => kind === 'Deployment')).match(/"image":"(.*?)"/)?.[1]
    assert.equal(image, `${newName}:${newTag}`)
    assert.deepEqual(
      objects.map(({ kind }) => kind).toSorted(),
      [...deployed.map(({ kind }) => kind), 'PodMonitor', 'PrometheusRule', 'ConfigMap'].toSorted(),
    )
    assert.deepEqual(new Set(objects.map(({ metadata }) => metadata?.namespace)), new Set(['istio-system', undefined]))
  } finally {
    await rm(folder, { recursive: true })
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { V1PolicyRule } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { kindsOf } from '#src/feeds/kubernetes/kinds.ts'
import { read } from '#test/house/files.ts'
import { pod, the } from './manifests.ts'

const permissionsOf = (rules: readonly V1PolicyRule[]): string[] =>
  rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
    resources!.flatMap(resource =>
      resourceNames.map(name => `${verbs} ${[resource, ...apiGroups!.filter(group => group !== '')].join('.')} ${name}`.trim()),
    ),
  )

/** The example does not use *k8s_gateway*, whose README tells what else it may have to read. */
const [, ADDED] = /```yaml\n([\s\S]*?)```/.exec(read('plugins/k8s_gateway/README.md').text)!

test('the service account may read what is watched, and nothing else', () => {
  const kinds = [...kindsOf({ labels: '', namespaceLabels: '' }, { pods: false, zones: false, workloads: false }).values()]
  const { metadata, rules } = the('ClusterRole')
  assert.deepEqual(
    [...permissionsOf(rules!), ...permissionsOf(parse(ADDED!))].sort(),
    [
      ...new Set(kinds.map(({ resource }) => `list,watch ${resource}`)),
      ...kinds.flatMap(({ definition }) =>
        definition ? `watch customresourcedefinitions.apiextensions.k8s.io ${definition}` : [],
      ),
    ].sort(),
  )
  const { roleRef, subjects } = the('ClusterRoleBinding')
  const account = the('ServiceAccount').metadata!
  assert.deepEqual(roleRef, { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata!.name })
  assert.deepEqual(subjects, [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }])
  assert.equal(pod.spec!.serviceAccountName, account.name)
})

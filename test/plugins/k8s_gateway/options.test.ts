import assert from 'node:assert/strict'
import { test } from 'node:test'
import { k8s_gateway } from '#plugins/k8s_gateway/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

for (const [line, problem] of [
  ['resources', /expected RESOURCE/],
  ['resources Ingress Services', /RESOURCE must be one of Ingress, Service, .*: 'Services'.*Service/],
  ['ingressClasses', /expected CLASS/],
  ['gatewayClasses', /expected CLASS/],
  ['serviceLabelSelectors', /expected SELECTOR/],
  ['serviceLabelSelectors app=web "app in web"', /'app in web' is not a requirement such as app=web/],
  ['nodeAddressType Hostname', /nodeAddressType must be one of InternalIP, ExternalIP: 'Hostname'/],
  ['ttl 3601', /TTL must be a whole number between 0 and 3600/],
  ['apex', /expected APEX/],
  ['apex a..b', /APEX must be a domain name/],
  ['apex .', /APEX must be the name of a server: '\.'/],
  ['secondary ns1 ns2', /expected no more arguments/],
  ['kubeconfig', /expected KUBECONFIG/],
  ['kubeconfig file context more', /expected no more arguments/],
  ['endpoint 127.0.0.1:8001', /URL must be one such as https/],
  ['startup_timeout soon', /DURATION must be a duration/],
  ['ingressclasses nginx', /unknown property 'ingressclasses'.*ingressClasses/],
] as const)
  test(`not accepted: ${line}`, () => {
    refuses(k8s_gateway, `k8s_gateway example.org {\n${line}\n}`, problem)
  })

test('a kubeconfig file beats an endpoint', () => {
  const directive = directiveOf('k8s_gateway {\nkubeconfig admin.conf east\nendpoint http://127.0.0.1:8001\n}')
  assert.equal(k8s_gateway.parse(directive).source('').name, 'kubernetes kubeconfig admin.conf east')
  assert.deepEqual(directive.warnings, ['plugin/k8s_gateway: endpoint is not used: kubeconfig takes precedence'])
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Options, prometheus } from '#plugins/prometheus/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const defaults: Options = { address: 'localhost:9153', runtimeMetrics: false, tls: undefined }

const accepted: readonly (readonly [lines: string, options: Partial<Options>])[] = [
  ['prometheus', {}],
  ['prometheus :9253', { address: ':9253' }],
  ['prometheus [::1]:9153', { address: '[::1]:9153' }],
  ['prometheus metrics.example.org:9153', { address: 'metrics.example.org:9153' }],
  ['prometheus {\n runtime_metrics\n}', { runtimeMetrics: true }],
  ['prometheus :9253 {\n tls web.yaml\n runtime_metrics\n}', { address: ':9253', tls: 'web.yaml', runtimeMetrics: true }],
]

suite('options are read', () => {
  for (const [lines, options] of accepted) {
    test(lines.replaceAll('\n', ''), () => {
      assert.deepEqual(prometheus.parse(directiveOf(lines)), { ...defaults, ...options })
    })
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['prometheus 9153', /ADDRESS must be HOST:PORT or :PORT: '9153' \(column 12\)/],
  ['prometheus ::1:9153', /ADDRESS must be/],
  ['prometheus :65536', /ADDRESS must be/],
  ['prometheus :http', /ADDRESS must be/],
  ['prometheus localhost:', /ADDRESS must be/],
  ['prometheus :9153 :9154', /expected no more arguments/],
  ['prometheus\nprometheus', /can only be used once/],
  ['prometheus {\n runtime_metrics on\n}', /expected no more arguments/],
  ['prometheus {\n tls\n}', /expected CONFIGFILE/],
  ['prometheus {\n tls a b\n}', /expected no more arguments/],
  ['prometheus {\n tls a\n tls b\n}', /tls block already specified/],
  ['prometheus {\n runtime\n}', /unknown property 'runtime'/],
]

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses(prometheus, lines, message)
    })
  }
})

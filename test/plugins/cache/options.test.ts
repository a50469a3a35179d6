import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Options, parse } from '#plugins/cache/options.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const defaults: Options = {
  zones: ['example.org.'],
  success: { capacity: 9984, maximum: 3600, minimum: 5, except: [] },
  denial: { capacity: 9984, maximum: 1800, minimum: 5, except: [] },
  servfail: 5000,
  prefetch: undefined,
  stale: undefined,
  keepTtl: false,
}
const { success, denial } = defaults
const stale = { duration: 3_600_000, verify: false, timeout: 1800, ttl: 30, recheck: 5000, preferPositive: false }

const accepted: readonly (readonly [lines: string, options: Partial<Options>])[] = [
  ['cache', {}],
  ['cache 30', { success: { ...success, maximum: 30 }, denial: { ...denial, maximum: 30 } }],
  ['cache example.net', { zones: ['example.net.'] }],
  ['cache 30 10.0.0.0/15', { zones: ['0.10.in-addr.arpa.', '1.10.in-addr.arpa.'], success: { ...success, maximum: 30 }, denial: { ...denial, maximum: 30 } }],
  ['cache 30 {\n success 20000\n denial 5000 10\n}', { success: { ...success, capacity: 20_000, maximum: 30 }, denial: { ...denial, capacity: 5000, maximum: 10 } }],
  ['cache {\n success 2048 300 0\n}', { success: { capacity: 2048, maximum: 300, minimum: 0, except: [] } }],
  ['cache {\n success 0\n}', { success: { ...success, capacity: 1024 } }],
  ['cache {\n prefetch 3\n}', { prefetch: { amount: 3, gap: 60_000, share: 0.1 } }],
  ['cache {\n prefetch 3 10s 25%\n}', { prefetch: { amount: 3, gap: 10_000, share: 0.25 } }],
  ['cache {\n prefetch 0\n}', { prefetch: undefined }],
  ['cache {\n serve_stale\n}', { stale }],
  ['cache {\n serve_stale 10m\n}', { stale: { ...stale, duration: 600_000 } }],
  ['cache {\n serve_stale 1h immediate 15s 20s\n}', { stale: { ...stale, ttl: 15, recheck: 20_000 } }],
  ['cache {\n serve_stale 1h Verify\n serve_stale_policy PREFER_POSITIVE\n}', { stale: { ...stale, verify: true, preferPositive: true } }],
  ['cache {\n serve_stale 1h verify\n}', { stale: { ...stale, verify: true } }],
  ['cache {\n serve_stale 1h verify 0 0 0\n}', { stale: { ...stale, verify: true, timeout: 0, ttl: 0, recheck: 0 } }],
  ['cache {\n serve_stale_policy prefer_positive\n serve_stale\n}', { stale: { ...stale, preferPositive: true } }],
  ['cache {\n servfail 1m\n}', { servfail: 60_000 }],
  ['cache {\n servfail 0\n}', { servfail: 0 }],
  ['cache {\n disable denial\n}', { denial: { ...denial, except: ['.'] } }],
  ['cache {\n disable success a.example.org b.example.org\n}', { success: { ...success, except: ['a.example.org.', 'b.example.org.'] } }],
  ['cache {\n keepttl\n}', { keepTtl: true }],
] // biome-ignore format: a table

suite('options are read', () => {
  for (const [lines, options] of accepted) {
    test(lines.replaceAll('\n', ''), () => {
      assert.deepEqual(parse(directiveOf(lines)), { ...defaults, ...options })
    })
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['cache 0', /Corefile:2 .*TTL must be .*'0'/],
  ['cache -1', /TTL must be .*'-1'/],
  ['cache\ncache', /Corefile:3 .*this plugin can only be used once per Server Block/],
  ['cache {\n sucess 10\n}', /Corefile:3 .*unknown property 'sucess' .*did you mean 'success'/],
  ['cache {\n success\n}', /expected CAPACITY/],
  ['cache {\n success x\n}', /CAPACITY must be .*'x'/],
  ['cache {\n success -1\n}', /CAPACITY must be/],
  ['cache {\n denial 10 0\n}', /TTL must be/],
  ['cache {\n denial 10 5 -1\n}', /MINTTL must be/],
  ['cache {\n denial 10 5 5 5\n}', /expected no more arguments/],
  ['cache {\n prefetch\n}', /expected AMOUNT/],
  ['cache {\n prefetch 3 1x\n}', /DURATION must be/],
  ['cache {\n prefetch 3 1m 10\n}', /PERCENTAGE must be/],
  ['cache {\n prefetch 3 1m 9%\n}', /PERCENTAGE must be/],
  ['cache {\n prefetch 3 1m 91%\n}', /PERCENTAGE must be/],
  ['cache {\n serve_stale -1h\n}', /DURATION is out of range/],
  ['cache {\n serve_stale 1h imediate\n}', /did you mean 'immediate'/],
  ['cache {\n serve_stale 1h immediate 1500ms\n}', /RESPONSE_TTL must be a whole number of seconds/],
  ['cache {\n serve_stale 1h verify 600h\n}', /VERIFY_TIMEOUT is out of range: '600h'/],
  ['cache {\n serve_stale 1h immediate 1s 6m\n}', /FAILURE_RECHECK is out of range/],
  ['cache {\n serve_stale 1h immediate 1s 1s 1s\n}', /expected no more arguments/],
  ['cache {\n serve_stale_policy prefer_positive\n}', /Corefile:3 .*serve_stale_policy requires serve_stale/],
  [
    'cache {\n serve_stale\n serve_stale_policy prefer_positive\n serve_stale_policy prefer_positive\n}',
    /only be specified once/,
  ],
  ['cache {\n serve_stale\n serve_stale_policy newest\n}', /must be one of prefer_positive/],
  ['cache {\n servfail 6m\n}', /DURATION is out of range/],
  ['cache {\n servfail\n}', /expected DURATION/],
  ['cache {\n disable\n}', /expected the half to disable/],
  ['cache {\n disable everything\n}', /must be one of success, denial/],
  ['cache {\n disable denial a..b\n}', /'a..b' is not a zone/],
  ['cache {\n keepttl yes\n}', /expected no more arguments/],
]

suite('options that cannot be meant are refused', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses({ parse }, lines, message)
    })
  }
})

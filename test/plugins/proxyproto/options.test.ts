import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxyproto } from '#plugins/proxyproto/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const block = (...options: string[]) => `proxyproto {\n${options.join('\n')}\n}`

const NONE = { otherwise: 'use', sessions: undefined, vectors: false }

for (const [lines, allowed, options] of [
  ['proxyproto', 0, {}],
  [block('allow 192.0.2.0/24'), 1, { otherwise: 'ignore' }],
  [block('allow 192.0.2.0/24 2001:db8::/32', 'allow 127.0.0.1/32'), 3, { otherwise: 'ignore' }],
  [block('default reject'), 0, { otherwise: 'reject' }],
  [block('default SKIP', 'allow 192.0.2.0/24'), 1, { otherwise: 'skip' }],
  [block('default ignore', 'default use'), 0, {}],
  [block('udp_session_tracking 28s'), 0, { sessions: { ttl: 28_000, most: 10_240 } }],
  [block('udp_session_tracking 1.5ms 7'), 0, { sessions: { ttl: 2, most: 7 } }],
  [block('udp_session_tracking 0s'), 0, {}],
  [block('tlv_metadata'), 0, { vectors: true }],
  [`${block('allow 192.0.2.0/24')}\n${block('tlv_metadata')}`, 1, { otherwise: 'ignore', vectors: true }],
] as const)
  test(`options of ${lines.replaceAll('\n', ' ')}`, () => {
    const { allowed: subnets, ...rest } = proxyproto.parse(directiveOf(lines))
    assert.equal(subnets.length, allowed)
    assert.deepEqual(rest, { ...NONE, ...options })
  })

test('what is no option is refused', () => {
  refuses(proxyproto, 'proxyproto 192.0.2.0/24', /expected no more arguments/)
  refuses(proxyproto, block('allow'), /expected CIDR/)
  refuses(proxyproto, block('allow 192.0.2.1'), /CIDR must be such as 192.0.2.0\/24: '192.0.2.1'/)
  refuses(proxyproto, block('allow 192.0.2.0/24 192.0.2.0/33'), /'192.0.2.0\/33'/)
  refuses(proxyproto, block('default'), /expected default/)
  refuses(proxyproto, block('default deny'), /default must be one of use, ignore, reject, skip: 'deny'/)
  refuses(proxyproto, block('default use ignore'), /expected no more arguments/)
  refuses(proxyproto, block('udp_session_tracking'), /expected DURATION/)
  refuses(proxyproto, block('udp_session_tracking long'), /DURATION must be a duration/)
  refuses(proxyproto, block('udp_session_tracking 25h'), /DURATION is out of range/)
  refuses(proxyproto, block('udp_session_tracking 1s 0'), /MAX_SESSIONS must be a whole number between 1 and 1000000: '0'/)
  refuses(proxyproto, block('udp_session_tracking 1s 1 1'), /expected no more arguments/)
  refuses(proxyproto, block('tlv_metadata on'), /expected no more arguments/)
  refuses(proxyproto, block('alow 192.0.2.0/24'), /unknown property 'alow'.*allow/)
})

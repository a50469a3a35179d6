import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Native, openNative } from '#src/transport/batch/native.ts'
import { selfTest } from '#src/transport/batch/self-test.ts'

const native = openNative()
const withCalls = (calls: Partial<Record<keyof Native['calls'], unknown>>): Native => ({
  ...native,
  calls: { ...native.calls, ...calls } as Native['calls'],
})

test('the self-test passes here', () => selfTest())

const broken: readonly (readonly [what: string, native: Native, reason: RegExp])[] = [
  [
    'nothing is sent',
    withCalls({ sendmmsg: (_fd: number, _headers: bigint, count: number) => count }),
    /^Error: 85 of 85 datagrams to 127\.0\.0\.1 came back wrong or not at all$/,
  ],
  ['nothing is ever taken', { ...withCalls({ sendmmsg: () => -1 }), errno: () => 11 }, /came back wrong or not at all/],
  ['the event loop tells nothing', withCalls({ uv_poll_start: () => 0 }), /came back wrong or not at all/],
  [
    'replies go to strangers',
    withCalls({
      recvmmsg: (...values: Parameters<Native['calls']['recvmmsg']>) => {
        const count = native.calls.recvmmsg(...values)
        for (let i = 0; i < count; i++) native.wildcardRing.octets[native.wildcardRing.sender(i) * 4 + 7]! ^= 2
        return count
      },
    }),
    /came back wrong or not at all/,
  ],
  ['connected sockets have no peer', withCalls({ connect: () => 0 }), /EDESTADDRREQ|came back wrong or not at all/],
  ['a call is missing', withCalls({ recvmmsg: undefined }), /recvmmsg is not a function/],
  ['there are no sockets', { ...withCalls({ socket: () => -1 }), errno: () => 1 }, /socket EPERM 0\.0\.0\.0:0/],
]

for (const [what, faulty, reason] of broken)
  test(`the self-test fails where ${what}`, () => assert.rejects(selfTest(faulty), reason))

test('a family that the machine does not have is passed over', async () => {
  const { socket } = native.calls
  let errno = 0
  await selfTest({
    ...withCalls({
      socket: (family: number, type: number, protocol: number) => {
        errno = family === 10 ? 97 : 0
        return family === 10 ? -1 : socket(family, type, protocol)
      },
    }),
    errno: () => errno || native.errno(),
  })
})

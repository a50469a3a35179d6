import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, parseDuration } from '#src/corefile/duration.ts'

const parsed: [text: string, milliseconds: number | undefined][] = [
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['5s', 5000],
  ['+5s', 5000],
  ['-1.5s', -1500],
  ['1h30m', 5_400_000],
  ['1h1m1s1ms', 3_661_001],
  ['250ms', 250],
  ['1.1s', 1100],
  ['1.005s', 1005],
  ['.5m', 30_000],
  ['5.s', 5000],
  ['10us', 0.01],
  ['10µs', 0.01],
  ['10μs', 0.01],
  ['7ns', 0.000007],
  ['1s1h', 3_601_000],
  ['2562047h', 9_223_369_200_000],
  ['', undefined],
  ['5', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['5 s', undefined],
  ['5S', undefined],
  ['1d', undefined],
  ['1e3s', undefined],
  ['0x5s', undefined],
  ['1h-5m', undefined],
  ['--5s', undefined],
  ['5s5', undefined],
  ['2562048h', undefined],
  ['__proto__', undefined],
]

for (const [text, milliseconds] of parsed) {
  test(`'${text}' is ${milliseconds === undefined ? 'no duration' : `${milliseconds} ms`}`, () =>
    assert.equal(parseDuration(text), milliseconds))
}

const printed: [milliseconds: number, text: string][] = [
  [0, '0s'],
  [0.000007, '7ns'],
  [0.0125, '12.5µs'],
  [250, '250ms'],
  [1.5, '1.5ms'],
  [1000, '1s'],
  [1500, '1.5s'],
  [30_000, '30s'],
  [60_000, '1m0s'],
  [90_000, '1m30s'],
  [61_200, '1m1.2s'],
  [3_600_000, '1h0m0s'],
  [3_601_000, '1h0m1s'],
  [90_000_000, '25h0m0s'],
  [-1500, '-1.5s'],
]

for (const [milliseconds, text] of printed) {
  test(`${milliseconds} ms prints as ${text}`, () => assert.equal(formatDuration(milliseconds), text))
}

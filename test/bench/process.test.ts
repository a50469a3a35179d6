import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuTicks, residentMegabytes } from '../../bench/process.ts'

test('processor time counts user, system, and children that have ended', () => {
  const stat = '4711 (dns) (1) S 1 4711 4711 0 -1 4194560 900 0 0 0 100 20 3 4 20 0 5 0 12345 1000000 2000 18446744073709551615'
  assert.equal(cpuTicks(stat), 127)
})

test('resident memory is VmRSS in MB', () => {
  assert.equal(residentMegabytes('Name:\tknotd\nVmHWM:\t   99999 kB\nVmRSS:\t   51200 kB\nThreads:\t5\n'), 50)
})

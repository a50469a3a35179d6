import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import { adviceOnDirective } from '#src/corefile/advice.ts'

test('no plugin of this server is said to be missing', () => {
  for (const { name } of plugins) assert.equal(adviceOnDirective(name), undefined, name)
})

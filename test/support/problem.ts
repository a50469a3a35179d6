import assert from 'node:assert/strict'
import { Problem } from '#src/plugin.ts'

/** Asserts that something in a Corefile is not accepted, with such a message. */
export const refuses = (parse: () => unknown, told: RegExp): void =>
  assert.throws(parse, error => error instanceof Problem && told.test(error.message))

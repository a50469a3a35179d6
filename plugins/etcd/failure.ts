import type { Reply } from '#src/plugin.ts'

/** Why a query cannot be answered: the cause of its SERVFAIL. */
export class LookupFailure extends Error {
  override readonly name = 'LookupFailure'
  /** What clients are told of it. */
  readonly extendedError: Reply['extendedError']

  constructor(message: string, extendedError?: Reply['extendedError']) {
    super(message)
    this.extendedError = extendedError
  }
}

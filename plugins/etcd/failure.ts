/** Why a query cannot be answered: the cause of its SERVFAIL. */
export class LookupFailure extends Error {
  override readonly name = 'LookupFailure'
}

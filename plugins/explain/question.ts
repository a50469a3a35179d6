import { isIP } from 'node:net'
import { nearestWord } from '#src/corefile/problem.ts'
import { canonicalAddress, reverseKey, toOctets } from '#src/dns/address.ts'
import { TYPE, TYPES } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'

/** What is to be explained. */
export interface Question {
  /** Key. */
  readonly name: string
  readonly type: number
  /** The address of the client, as text. */
  readonly client: string
}

/** The question in the parameters of a request. @throws {RangeError} what is wrong with them */
export function readQuestion(parameters: URLSearchParams): Question {
  const asked = parameters.get('name') ?? ''
  if (asked === '') throw new RangeError('name is missing: /explain?name=NAME&type=TYPE&client=ADDRESS')
  const octets = toOctets(asked)
  return {
    name: octets ? reverseKey(octets) : toKey(asked),
    type: readType(parameters.get('type') ?? (octets ? 'PTR' : 'A')),
    client: readClient(parameters.get('client') ?? '127.0.0.1'),
  }
}

function readType(text: string): number {
  const name = text.toUpperCase()
  const type = TYPES.get(name) ?? Number(/^TYPE(\d{1,5})$/.exec(name)?.[1])
  if (type === TYPE.AXFR || type === TYPE.IXFR) throw new RangeError('zone transfers are not explained')
  if (type > 0 && type < 65_536) return type
  const nearest = nearestWord(name, TYPES.keys())
  throw new RangeError(`no type: '${text}'${nearest === undefined ? '' : `, did you mean '${nearest}'?`}`)
}

function readClient(text: string): string {
  if (isIP(text) === 0) throw new RangeError(`client must be an IP address: '${text}'`)
  return canonicalAddress(text)
}

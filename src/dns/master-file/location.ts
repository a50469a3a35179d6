import { octetsOf } from './octets.ts'
import { type Words, wholeNumber } from './words.ts'

const EQUATOR = 2 ** 31

/** Degrees, minutes and seconds with a direction, to thousandths of a second of arc from the equator or the first meridian. */
function angle(words: Words, what: string, most: number, positive: string, negative: string): number {
  const parts: string[] = []
  let word = words.take(what)
  for (; !/^[NSEW]$/i.test(word); word = words.take(what)) parts.push(word)
  const direction = word.toUpperCase()
  const [degrees, minutes = '0', seconds = '0', ...more] = parts
  const value = Number(seconds)
  if (
    more.length > 0 ||
    degrees === undefined ||
    !/^\d+(?:\.\d{1,3})?$/.test(seconds) ||
    value >= 60 ||
    ![positive, negative].includes(direction)
  )
    throw new RangeError(`${what} must be DEGREES [MINUTES [SECONDS]] and ${positive} or ${negative}`)
  const thousandths = ((wholeNumber(degrees, what, most) * 60 + wholeNumber(minutes, what, 59)) * 60 + value) * 1000
  return EQUATOR + (direction === positive ? 1 : -1) * Math.round(thousandths)
}

/** Metres, an `m` behind them or not, to centimetres. */
function centimetres(word: string): number {
  const metres = /^(-?\d+(?:\.\d{1,2})?)m?$/i.exec(word)?.[1]
  if (metres === undefined) throw new RangeError(`no number of metres: '${word}'`)
  return Math.round(Number(metres) * 100)
}

/** Four bits of mantissa, four of exponent. */
function precision(word: string): string {
  const value = centimetres(word)
  const exponent = value > 0 ? Math.min(9, Math.floor(Math.log10(value) + 1e-9)) : 0
  const mantissa = Math.floor(value / 10 ** exponent)
  if (mantissa < 0 || mantissa > 9) throw new RangeError(`out of range: '${word}'`)
  return octetsOf((mantissa << 4) | exponent, 1)
}

/** The data of LOC (RFC 1876 §2 and 3). */
export function readLocation(words: Words): string {
  const latitude = angle(words, 'LATITUDE', 90, 'N', 'S')
  const longitude = angle(words, 'LONGITUDE', 180, 'E', 'W')
  const altitude = centimetres(words.take('ALTITUDE')) + 10_000_000
  if (altitude < 0 || altitude > 0xffffffff) throw new RangeError('ALTITUDE is out of range')
  const [size, horizontal, vertical] = ['1m', '10000m', '10m'].map(usual =>
    precision(words.left > 0 ? words.take('PRECISION') : usual),
  )
  return `\0${size}${horizontal}${vertical}${octetsOf(latitude, 4)}${octetsOf(longitude, 4)}${octetsOf(altitude, 4)}`
}

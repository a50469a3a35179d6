/** Octets of the wire form as strings, one character each. */
import { Buffer } from 'node:buffer'

/** A number, its highest octet first. */
export function octetsOf(value: number, width: number): string {
  let octets = ''
  for (let shift = width - 1; shift >= 0; shift--) octets += String.fromCharCode(Math.floor(value / 256 ** shift) & 255)
  return octets
}

/** A string with its length before it, in `width` octets. @throws {RangeError} */
export function sized(octets: string, what: string, width = 1): string {
  if (octets.length >= 256 ** width) throw new RangeError(`${what} is longer than ${256 ** width - 1} octets`)
  return octetsOf(octets.length, width) + octets
}

const scratch = Buffer.allocUnsafeSlow(0x10000)

/** The same octets, at most 65,536, on memory of their own: what was cut from a long text would hold all of it. */
export const detached = (octets: string): string => scratch.toString('latin1', 0, scratch.write(octets, 'latin1'))

/** @throws {RangeError} */
export function fromHex(text: string, what: string): string {
  if (!/^(?:[\da-f]{2})*$/i.test(text))
    throw new RangeError(`${what} must be pairs of hexadecimal digits: '${text.slice(0, 80)}'`)
  return Buffer.from(text, 'hex').toString('latin1')
}

/** @throws {RangeError} */
export function fromBase64(text: string, what: string): string {
  const octets = Buffer.from(text, 'base64')
  if (octets.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, ''))
    throw new RangeError(`${what} must be base64: '${text.slice(0, 80)}'`)
  return octets.toString('latin1')
}

/** With the alphabet of RFC 4648 §7, without padding. @throws {RangeError} */
export function fromBase32(text: string, what: string): string {
  if (!/^[\da-v]+$/i.test(text)) throw new RangeError(`${what} must be base32: '${text.slice(0, 80)}'`)
  let octets = ''
  let [bits, held] = [0, 0]
  for (const digit of text) {
    held = ((held << 5) | Number.parseInt(digit, 32)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    octets += String.fromCharCode((held >> bits) & 255)
  }
  return octets
}

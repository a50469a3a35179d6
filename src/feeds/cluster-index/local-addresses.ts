import { networkInterfaces } from 'node:os'
import { toOctets } from '../../dns/address.ts'

/** The addresses (octets) at which this process can be asked, those of the loopback interface left out. @param bound those it listens on; all where none are named */
export function localAddresses(bound: readonly string[]): string[] {
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const texts = bound.length > 0 ? bound : own.map(({ address }) => address)
  const octets = texts.flatMap(text => toOctets(text.replace(/%.*/, '')) ?? [])
  return [...new Set(octets.map(address => String.fromCharCode(...address)))].filter(
    address => !(address.length === 4 && address.startsWith('\x7f')) && address !== LOOPBACK,
  )
}

const LOOPBACK = `${'\0'.repeat(15)}\x01`

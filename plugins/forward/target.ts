/** The TO arguments: which server each of them means. */
import { isIP, isIPv6 } from 'node:net'
import { toKey } from '#src/dns/name.ts'
import { isFile, nameserversOf } from '#src/forwarding/resolv-conf.ts'

export interface Target {
  readonly scheme: 'dns' | 'tls' | 'https'
  /** An IP address, or the name of a host whose addresses are asked for at the start. */
  readonly host: string
  readonly port: number
  /** From `%NAME`; empty when not given. */
  readonly serverName: string
}

const PORTS = { dns: 53, tls: 853, https: 443 } as const

/**
 * The servers that `text` names: one, or those of a file in the form of resolv.conf, of which there may be none.
 * @throws {RangeError} it is none of the forms; the message says why
 */
export function readTarget(text: string): Target[] {
  const [, prefix, rest = ''] = /^(?:([a-z0-9]+):\/\/)?(.*)$/s.exec(text)!
  if (prefix === undefined && isIP(rest) === 0 && (rest.includes('/') || isFile(rest)))
    return nameserversOf(rest).map(host => ({ scheme: 'dns', host, port: PORTS.dns, serverName: '' }))
  const scheme = prefix ?? 'dns'
  if (scheme !== 'dns' && scheme !== 'tls' && scheme !== 'https')
    throw new RangeError(`'${scheme}' is not supported as a destination protocol in forward: ${text}`)
  if (scheme === 'https' && rest.includes('/'))
    throw new RangeError(`paths are not allowed in HTTPS upstream addresses (the /dns-query path is used by default): ${text}`)
  const { host, name = '', port } = split(rest)
  if (!isHost(host)) throw new RangeError(`not an IP address, file, or valid domain: "${text}"`)
  if (port !== undefined && !(Number(port) > 0 && Number(port) < 65_536)) throw new RangeError(`invalid port in "${text}"`)
  // Without TLS, what stands behind `%` is the interface of a link-local address.
  const scoped = scheme === 'dns' && isIPv6(host) && name !== '' ? `${host}%${name}` : host
  return [
    { scheme, host: scoped, port: port === undefined ? PORTS[scheme] : Number(port), serverName: scheme === 'dns' ? '' : name },
  ]
}

/** `HOST`, `HOST:PORT`, `HOST%NAME`, `HOST%NAME:PORT`; an IPv6 address with a port stands in brackets, which may hold the name, too. */
function split(text: string): { host: string; name?: string | undefined; port?: string | undefined } {
  if (isIPv6(text) && !text.includes('%')) return { host: text }
  const [, bracketed, inside, plain, name = inside, port] =
    /^(?:\[([^\]%]*)(?:%([^\]]*))?\]|([^%]*?))(?:%([^:]*))?(?::(\d+))?$/s.exec(text) ?? []
  return { host: bracketed ?? plain ?? '', name, port }
}

function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true
  if (text === '' || /^[\d.]*$|[:[\]%]/.test(text)) return false
  try {
    toKey(text)
    return true
  } catch {
    return false
  }
}

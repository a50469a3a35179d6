import { isIPv6 } from 'node:net'
import type { Directive, Line } from '#src/plugin.ts'

/** How one member of the cluster is reached. */
export interface Endpoint {
  /** As errors name it: `HOST:PORT`, or the path of a socket. */
  readonly name: string
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string }
  /** Whether over TLS; undefined where `tls` decides. */
  readonly secure: boolean | undefined
}

export interface Options {
  /** As text. */
  readonly zones: readonly string[]
  /** What all keys begin with. */
  readonly path: string
  readonly endpoints: readonly Endpoint[]
  readonly user: { readonly name: string; readonly password: string } | undefined
  /** Files of `tls`; undefined where it is not said. */
  readonly tls: readonly string[] | undefined
  /** Bounds of the TTLs of leases, in seconds. */
  readonly leaseTtl: { readonly min: number; readonly max: number }
  /** Whether a zone without addresses of its own has those of everything in it. */
  readonly apexFallback: boolean
  /** Zones whose unknown names go to the next plugin. */
  readonly fallthrough: readonly string[]
}

const PORT = 2379
const HERE: Endpoint = { name: `localhost:${PORT}`, place: { host: 'localhost', port: PORT }, secure: false }

/** Seconds, where nothing or 0 is said. */
const LEASE_TTL = { min: 30, max: 86_400 }
const LONGEST_TTL = 2 ** 31 - 1

/** @throws {Problem} */
export function readOptions(directive: Directive): Options {
  const line = directive.once()
  const zones = line.zones(directive.zones)
  const leaseTtl = { ...LEASE_TTL }
  let path = 'skydns'
  let endpoints: readonly Endpoint[] = [HERE]
  let user: Options['user']
  let tls: readonly string[] | undefined
  let apexFallback = true
  let fallthrough: readonly string[] = []
  line.options({
    path: option => {
      path = option.text('PATH')
    },
    endpoint: option => {
      const read: Endpoint[] = []
      do read.push(readEndpoint(option))
      while (option.left > 0)
      endpoints = read
    },
    credentials: option => {
      user = { name: option.text('USERNAME'), password: option.text('PASSWORD') }
    },
    tls: option => {
      tls = option.rest()
      if (tls.length > 3) throw option.problem('tls takes at most CERT KEY CA')
    },
    'min-lease-ttl': option => {
      leaseTtl.min = readTtl(option) || LEASE_TTL.min
    },
    'max-lease-ttl': option => {
      leaseTtl.max = readTtl(option) || LEASE_TTL.max
    },
    no_apex_fallback: () => {
      apexFallback = false
    },
    fallthrough: option => {
      fallthrough = option.zones(['.'])
    },
    debug: option => option.passOver(),
    stubzones: option => option.passOver(),
    upstream: option => option.passOver(),
  })
  line.end()
  if (tls && endpoints.every(({ secure }) => secure === false)) line.warn('tls has no effect: all endpoints are http://')
  return { zones, path, endpoints, user, tls, leaseTtl, apexFallback, fallthrough }
}

const readTtl = (option: Line): number => Math.floor(option.duration('TTL', { max: LONGEST_TTL * 1000, bare: 1000 }) / 1000)

/** `http://HOST:PORT`, `https://HOST:PORT`, `HOST:PORT`, `unix://PATH` or `unixs://PATH`. */
function readEndpoint(line: Line): Endpoint {
  const text = line.text('ENDPOINT')
  const [, socket, path] = /^(unixs?):(?:\/\/)?(.+)$/.exec(text) ?? []
  if (path !== undefined) return { name: path, place: { path }, secure: socket === 'unixs' || undefined }
  const [, scheme, inside, before, digits] =
    /^(?:(https?):\/\/)?(?:\[([^[\]]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(isIPv6(text) ? `[${text}]` : text) ?? []
  const host = inside ?? before
  const port = Number(digits ?? PORT)
  if (host === undefined || port === 0 || port > 65_535)
    throw line.problem(`ENDPOINT must be http://HOST:PORT, https://HOST:PORT, HOST:PORT or unix://PATH: '${text}'`)
  const name = `${isIPv6(host) ? `[${host}]` : host}:${port}`
  return { name, place: { host, port }, secure: scheme === undefined ? undefined : scheme === 'https' }
}

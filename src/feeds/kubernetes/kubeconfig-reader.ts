/** A program: prints what a kubeconfig file says, as JSON. Arguments: the file, and the context where it is not the current one. */
import { readFileSync, statSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import type { Said } from './kubeconfig.ts'

const [path = '', context] = process.argv.slice(2)

try {
  process.stdout.write(JSON.stringify(await read()))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}

async function read(): Promise<Said> {
  const files = [stamped(path)]
  const config = new KubeConfig()
  config.loadFromFile(path)
  if (context !== undefined) config.setCurrentContext(context)
  if (!config.getContextObject(config.getCurrentContext())) throw new Error(`there is no context ${config.getCurrentContext()}`)
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new Error(`the cluster of context ${config.getCurrentContext()} is not in the file`)
  if (cluster.proxyUrl) throw new Error('proxy-url is not supported')
  // The library speaks to plain HTTP only where nobody asks for a certificate.
  if (cluster.server.startsWith('http:')) Object.assign(cluster, { skipTLSVerify: true })
  const user = config.getCurrentUser()
  const tokenFile = user && tokenFileOf(user.name)
  // The library does not read it by itself.
  if (tokenFile !== undefined) Object.assign(user!, { token: undefined, authProvider: { name: '', config: { tokenFile } } })
  for (const file of [cluster.caFile, user?.certFile, user?.keyFile, tokenFile]) if (file) files.push(stamped(file))
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), `${value}`.trim()]),
  )
  if (auth) headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`
  const access = {
    server: cluster.server,
    tls: {
      ...(ca && { ca: `${ca}` }),
      ...(cert && { cert: `${cert}` }),
      ...(key && { key: `${key}` }),
      ...(servername && { servername }),
      ...(rejectUnauthorized === false && { rejectUnauthorized }),
    },
    headers,
  }
  return { access, expires: expiry(headers.authorization), files }
}

function stamped(file: string): readonly [path: string, changed: number] {
  return [file, statSync(file).mtimeMs]
}

function tokenFileOf(user: string): string | undefined {
  const { users } = parse(readFileSync(path, 'utf8'))
  const { tokenFile } = Object(users.find(({ name }: { name: string }) => name === user).user)
  return typeof tokenFile === 'string' && tokenFile !== '' ? resolve(dirname(path), tokenFile) : undefined
}

/** When a token that is a JWT expires (RFC 7519 §4.1.4), by the clock in milliseconds. */
function expiry(authorization: string | undefined): number | undefined {
  const [, payload] = authorization?.split('.') ?? []
  try {
    const { exp } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

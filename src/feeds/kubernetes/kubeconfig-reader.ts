/** A program: prints what a kubeconfig file says, as JSON. Arguments: the file, and the context where it is not the current one. */
import { readFileSync, statSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { type Cluster, KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { type Exec, execCredentials } from './exec-credentials.ts'
import type { Said } from './kubeconfig.ts'

const [path = '', context] = process.argv.slice(2)

try {
  process.stdout.write(JSON.stringify(await read()))
} catch (error) {
  process.stderr.write((error as Error).message)
  process.exitCode = 1
}

async function read(): Promise<Said> {
  const files = [stamped(path)]
  const config = new KubeConfig()
  try {
    config.loadFromFile(path)
  } catch (error) {
    // Below its first line, the message shows what stands around the mistake, which may be a secret.
    throw new Error((error as Error).message.split('\n', 1)[0])
  }
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
  const exec: Exec | undefined = user?.exec
  // The library gives a program input that never ends, and takes what it prints for what it should.
  if (exec) Object.assign(user!, { exec: undefined })
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const { ca, servername, rejectUnauthorized, auth } = options
  const given = exec && execCredentials(exec, clusterInfo(cluster, ca), dirname(path))
  const cert = given?.clientCertificateData ?? options.cert
  const key = given?.clientKeyData ?? options.key
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), `${value}`.trim()]),
  )
  if (given?.token) headers.authorization = `Bearer ${given.token}`
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
  const expires = Date.parse(given?.expirationTimestamp ?? '') || expiry(headers.authorization)
  return { access, renewable: exec !== undefined || user?.authProvider !== undefined, expires, files }
}

/** As `spec.cluster` of an ExecCredential has it. */
function clusterInfo({ server, tlsServerName, skipTLSVerify }: Cluster, ca: RequestOptions['ca']) {
  return {
    server,
    ...(tlsServerName && { 'tls-server-name': tlsServerName }),
    ...(skipTLSVerify && { 'insecure-skip-tls-verify': true }),
    ...(ca && { 'certificate-authority-data': Buffer.from(`${ca}`).toString('base64') }),
  }
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

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The program of a user of a kubeconfig file (`users[].user.exec`), as it is written there. */
export interface Exec {
  readonly apiVersion?: string
  readonly command?: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
  readonly interactiveMode?: string
  readonly provideClusterInfo?: boolean
}

/** What such a program gives, as `status` of an ExecCredential (client.authentication.k8s.io/v1). */
interface Status {
  readonly token?: string
  readonly clientCertificateData?: string
  readonly clientKeyData?: string
  readonly expirationTimestamp?: string
}

/** Milliseconds: it may ask others over the network. */
const TIMEOUT = 50_000

/**
 * Runs the program as client-go does: without input, and told in KUBERNETES_EXEC_INFO what is wanted of it.
 * @param cluster as the API writes it, for a program that wants to know which one it is
 * @param folder that of the kubeconfig file, which a relative path counts from
 * @throws {Error} it gives no credentials
 */
export function execCredentials(exec: Exec, cluster: Readonly<Record<string, unknown>>, folder: string): Status {
  const { apiVersion, command = '', args, env, installHint, interactiveMode, provideClusterInfo } = exec
  if (interactiveMode === 'Always') throw new Error(`${command} would have to ask a person (interactiveMode: Always)`)
  const spec = { interactive: false, ...(provideClusterInfo && { cluster }) }
  const { error, status, signal, stdout, stderr } = spawnSync(
    command.includes('/') ? join(command.startsWith('/') ? '' : folder, command) : command,
    args ?? [],
    {
      env: {
        ...process.env,
        KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: 'ExecCredential', spec }),
        ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
    },
  )
  const { code } = (error ?? {}) as NodeJS.ErrnoException
  if (code === 'ENOENT') throw new Error(`there is no program ${command}${installHint ? `: ${installHint}` : ''}`)
  if (code === 'ETIMEDOUT') throw new Error(`${command} has not ended within ${TIMEOUT / 1000} s`)
  if (error) throw new Error(`${command}: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? status}: ${stderr.trim() || 'it says nothing'}`)
  const given = statusOf(stdout)
  if (!given.token && !(given.clientCertificateData && given.clientKeyData))
    throw new Error(`${command} printed no ExecCredential with a token, or with a certificate and its key`)
  return given
}

function statusOf(stdout: string): Status {
  try {
    return Object(JSON.parse(stdout).status)
  } catch {
    return {}
  }
}

/** The real API server, built once for all tests from the sources that lie beside the repository, where they and Go are there. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { missing } from '../programs.ts'

const SOURCES = fileURLToPath(new URL('../../../../shared/kube-api', import.meta.url))

/** Milliseconds that are waited for a build, which goes on by itself: the first one on a machine takes minutes. */
const PATIENCE = 60_000
/** A build that has not ended by then never will. */
const STALE = 30 * 60_000

/** @returns the program, or the reason why there is none */
export async function realApiProgram(): Promise<{ program: string } | { skip: string }> {
  if (!existsSync(join(SOURCES, 'main.go'))) return { skip: `the sources of kube-api are not at ${SOURCES}` }
  const folder = join(tmpdir(), `istio-coredns-kube-api-${hashOf(SOURCES)}`)
  const program = join(folder, 'kube-api')
  if (existsSync(program)) return { program }
  const skip = missing('go', 'version')
  if (skip) return { skip }
  build(folder)
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(500)) if (existsSync(program)) return { program }
  return { skip: `kube-api is still being built, see ${folder}/build.log` }
}

/** Begins to build, unless somebody else does so. */
function build(folder: string): void {
  const sources = join(folder, 'sources')
  try {
    if (Date.now() - statSync(sources).mtimeMs > STALE) rmSync(sources, { recursive: true })
  } catch {}
  try {
    mkdirSync(folder, { recursive: true })
    mkdirSync(sources)
  } catch {
    return
  }
  for (const name of readdirSync(SOURCES)) cpSync(join(SOURCES, name), join(sources, name))
  const log = openSync(join(folder, 'build.log'), 'a')
  const script = 'chmod -R u+w . && nice go build -o ../kube-api.new . && mv ../kube-api.new ../kube-api'
  spawn('sh', ['-c', script], { cwd: sources, detached: true, stdio: ['ignore', log, log] }).unref()
}

function hashOf(folder: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)))
  return hash.digest('hex').slice(0, 12)
}

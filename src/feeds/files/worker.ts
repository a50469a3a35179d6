/** The thread of a file feed: watches manifests, and posts what changes in the mesh that they describe. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MeshRecord } from '../../registry/record.ts'
import { collectGarbageSoon } from '../garbage.ts'
import { Join } from '../objects/join.ts'
import { Outbox } from '../outbox.ts'
import type { Report } from '../report.ts'
import { TELL_CLIENTS } from '../thread-feed.ts'
import { Definitions } from './definitions.ts'
import { Directories } from './directories.ts'
import { SettledFiles } from './settled.ts'

/** Milliseconds from the first sign of a change to the look at it: there are often several in one go. */
const DEBOUNCE = 2
/** Milliseconds between looks without any sign: some file systems give none. */
const POLL = 2000
/** Problems of one file that are logged. */
const MAX_PROBLEMS = 20

const { paths } = workerData as { paths: readonly string[] }
const told = new Map<string, MeshRecord>()
const join = new Join(told)
const definitions = new Definitions(join)
const log: [level: 'warn' | 'error', text: string][] = []
let rejected = 0

const files = new SettledFiles(paths, {
  read(path, text, settled) {
    if (!settled && definitions.has(path) && isBlank(text)) return false
    const { problems, documents } = definitions.read(path, text)
    rejected += documents
    collectGarbageSoon()
    for (const problem of problems.slice(0, MAX_PROBLEMS)) log.push(['error', problem])
    if (problems.length > MAX_PROBLEMS) log.push(['error', `${path}: ${problems.length - MAX_PROBLEMS} more problems`])
    return true
  },
  gone: path => definitions.remove(path),
  unreadable(path, reason) {
    log.push(['warn', `${path} cannot be read, what it said before stays: ${reason}`])
  },
})

const directories = new Directories(
  () => look(DEBOUNCE),
  (directory, error) =>
    log.push(['warn', `${directory} cannot be watched, changes are seen within ${POLL / 1000} s: ${error.message}`]),
)

/** Nothing but comments, white space and document marks. */
const isBlank = (text: string): boolean => !/^[ \t]*(?!---\s*$)[^\s#]/m.test(text)

let timer: NodeJS.Timeout | undefined
let due = Number.POSITIVE_INFINITY

/** Looks at the files in so many milliseconds, or earlier. */
function look(delay: number): void {
  const at = performance.now() + delay
  if (at >= due) return
  clearTimeout(timer)
  due = at
  timer = setTimeout(scan, delay)
}

let pending = true

function scan(): void {
  due = Number.POSITIVE_INFINITY
  const wait = files.scan()
  pending = wait !== undefined
  outbox.flush()
  look(Math.min(wait ?? POLL, POLL))
  if (directories.follow([...paths, ...files.paths])) look(DEBOUNCE)
}

let complete = false

const outbox = new Outbox(parentPort!, most => {
  const changes = join.take(most)
  for (const [id, record] of changes) {
    if (record) told.set(id, record)
    else told.delete(id)
  }
  const report: Report = { changes }
  const { lost } = files
  if (lost !== undefined) report.waiting = lost
  else if (!pending && !join.changed) report.current = true
  if (!complete && report.current) report.complete = complete = true
  if (changes.length > 0) report.objects = [...definitions.counts]
  if (rejected > 0) report.rejected = rejected
  if (log.length > 0) report.log = log.splice(0)
  rejected = 0
  return { report, more: join.changed }
})

parentPort!.on('message', message => {
  if (message !== TELL_CLIENTS) return
  join.tellClients()
  outbox.flush()
})

scan()

/** V8's CPU profiles, as text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The part of a .cpuprofile file that tells where time went (Chrome DevTools Protocol, Profiler.Profile). */
interface Profile {
  nodes: readonly { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  /** Ids of nodes, and microseconds since the sample before. */
  samples: readonly number[]
  timeDeltas: readonly number[]
}

const LINES = 20

/** The functions with the most time of their own in all profiles of a folder, as lines of text. */
export function hottest(folder: string): string[] {
  const files = existsSync(folder) ? readdirSync(folder).filter(file => file.endsWith('.cpuprofile')) : []
  const times = new Map<string, number>()
  for (const file of files) addTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')), times)
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, LINES)
    .map(([place, time]) => `${((time / busy) * 100).toFixed(1).padStart(5)} %  ${place}`)
}

/** Adds each function's own microseconds, idle time left out. */
export function addTimes({ nodes, samples, timeDeltas }: Profile, times: Map<string, number>): void {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, place(callFrame)]))
  for (const [i, id] of samples.entries()) {
    const name = places.get(id)!
    if (name !== '(idle)') times.set(name, (times.get(name) ?? 0) + timeDeltas[i]!)
  }
}

/** `find dns/name.ts:12`; what is no function of a file goes by its name alone. Regular expressions are cut short. */
function place({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName.slice(0, 60) || '(anonymous)'
  return url ? `${name} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}` : name
}

/** The feeds of the process: one for each source, however many Corefile blocks name it, and kept over a reload. */
import { EventEmitter, once } from 'node:events'
import type { Logger } from '../log.ts'
import type { Feed, Source } from './feed.ts'

interface Held {
  readonly opening: Promise<Feed>
  feed: Feed | undefined
  users: number
}

const open = new Map<string, Held>()
/** Emits the key of each feed that is opened. */
const openings = new EventEmitter().setMaxListeners(0)
let openSource = (source: Source, log: Logger): Promise<Feed> => source.open(log)

/** How feeds are opened from now on, where not as their sources say. */
export function openFeedsBy(way: typeof openSource): void {
  openSource = way
}

/** The feed of `source`, begun with its first user. @param log where it tells its troubles from now on */
export async function openFeed(source: Source, log: Logger): Promise<Feed> {
  const held = open.get(source.key) ?? { opening: openSource(source, log), feed: undefined, users: 0 }
  open.set(source.key, held)
  openings.emit(source.key)
  held.users++
  held.feed = await held.opening
  held.feed.log = log
  return held.feed
}

/** The feed with this key as soon as somebody has opened it; it is to be closed, too. */
export async function joinFeed(key: string, signal: AbortSignal): Promise<Feed> {
  if (!open.has(key)) await once(openings, key, { signal })
  const held = open.get(key)!
  held.users++
  return held.opening
}

/** One user fewer; the last one ends the feed. */
export async function closeFeed(feed: Feed): Promise<void> {
  const held = open.get(feed.source.key)
  if (held?.feed !== feed || --held.users > 0) return
  open.delete(feed.source.key)
  await feed.close()
}

/** Every feed that is in use. */
export const openFeeds = (): Feed[] => Array.from(open.values(), ({ feed }) => feed).filter(feed => feed !== undefined)

import type { Feed, Source } from './feed.ts'
import { SharedFeeds } from './shared-feeds.ts'

/** The feeds of the process, by the keys of their sources. */
export const feeds = new SharedFeeds<Feed, [source: Source]>(
  source => source.key,
  (_key, log, source) => source.open(log),
)

/** What a further thread that answers queries runs: see `server/threads.ts`. */
import { workerData } from 'node:worker_threads'
import { plugins } from '#plugins/index.ts'
import { followFeeds } from './feeds/relay.ts'
import { serveThread } from './server/serve-thread.ts'

followFeeds(workerData.feeds)
serveThread(plugins)

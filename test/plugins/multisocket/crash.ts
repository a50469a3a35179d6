/** Loaded before the program (`--import`): one more plugin, *crash*, that throws where nothing guards it, outside of the main thread. */
import { isMainThread } from 'node:worker_threads'
import { plugins } from '#plugins/index.ts'
import { ROOT } from '#src/dns/name.ts'
import type { Plugin } from '#src/plugin.ts'

const crash: Plugin<void> = {
  name: 'crash',
  parse: directive => directive.empty(),
  create: () => ({
    wrap: next => query => {
      if (query.key !== ROOT && query.name.startsWith('crash.') && !isMainThread)
        setImmediate(() => {
          throw new Error('crashed as it was asked to')
        })
      return next(query)
    },
  }),
}

;(plugins as Plugin[]).unshift(crash)

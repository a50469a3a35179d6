/** Loaded before the program (`--import`): one more plugin, *crash*, that throws where nothing guards it, or never returns, outside of the main thread. */
import { isMainThread } from 'node:worker_threads'
import { plugins } from '#plugins/index.ts'
import type { Plugin, PluginLoader } from '#src/plugin.ts'
import { loaded } from '#test/support/loaded.ts'

const crash: Plugin<void> = {
  name: 'crash',
  parse: directive => directive.empty(),
  create: () => ({
    wrap: next => query => {
      if (isMainThread) return next(query)
      if (query.name.startsWith('crash.'))
        setImmediate(() => {
          throw new Error('crashed as it was asked to')
        })
      while (query.name.startsWith('hang.'));
      return next(query)
    },
  }),
}

;(plugins as PluginLoader[]).unshift(loaded(crash))

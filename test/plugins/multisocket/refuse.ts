/** Loaded before the program (`--import`): one more plugin, *script*, that does not start in one of the threads where it is told to `refuse`. */
import { workerData } from 'node:worker_threads'
import { plugins } from '#plugins/index.ts'
import type { Plugin, PluginLoader } from '#src/plugin.ts'
import { loaded } from '#test/support/loaded.ts'

const script: Plugin<boolean> = {
  name: 'script',
  parse(directive) {
    const line = directive.once()
    return line.left > 0 && line.text('HOW') === 'refuse'
  },
  create: refuse => ({
    async start() {
      if (refuse && workerData?.index === 2) throw new Error('not in thread 2')
    },
  }),
}

;(plugins as PluginLoader[]).push(loaded(script))

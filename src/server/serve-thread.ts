import { parentPort, workerData } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import { createLogger } from '../log.ts'
import { Metrics } from '../metrics.ts'
import type { PluginLoader } from '../plugin.ts'
import type { MainCalls, ThreadCalls, ThreadData } from './remote-thread.ts'
import { Serving } from './serving.ts'
import { ThreadOutput } from './thread-output.ts'

/** Answers queries in this thread, which is not the main one, as the main one tells it to. */
export function serveThread(plugins: readonly PluginLoader[]): void {
  const { version, port, logFormat, udp, index, ended } = workerData as ThreadData
  const calls: ThreadCalls = {
    start: (corefile, threads) => serving.start(corefile, threads),
    open: ports => serving.open(ports),
    commit: () => serving.commit(),
    abort: () => serving.abort(),
    drain: () => serving.drain(),
    stop: () => serving.stop(),
    unready: word => serving.unready(word),
    collect: () => serving.collect(),
    alive() {},
    exit() {
      // The last of those that wait for the end of the thread.
      process.once('exit', () => {
        Atomics.store(ended, 0, 1)
        Atomics.notify(ended, 0)
      })
      process.exit()
    },
  }
  const main = createBirpc<MainCalls, ThreadCalls>(calls, {
    post: message => parentPort!.postMessage(message),
    on: take => parentPort!.on('message', take),
    timeout: -1,
  })
  const output = new ThreadOutput(
    lines => main.print(lines),
    lines => log.warn(`${lines} lines of the log were dropped: the main thread had no time for them`),
  )
  const log = createLogger(logFormat, 'info', output)
  process.on('unhandledRejection', error =>
    log.error(`unhandled rejection: ${error instanceof Error ? error.stack : String(error)}`),
  )
  const server = { version, logFormat, metrics: new Metrics(), control: undefined, udp: () => serving.udp() }
  const serving: Serving = new Serving(server, index, { plugins, port, log, udp })
}

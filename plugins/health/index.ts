/** *health* tells over HTTP that the process lives, and keeps it answering for a while after SIGTERM. */
import { setTimeout as sleep } from 'node:timers/promises'
import { LONGEST_TIMER } from '#src/clock.ts'
import { formatDuration } from '#src/corefile/duration.ts'
import type { Control, Instance, Logger, Plugin, ServerBlock } from '#src/plugin.ts'
import { Poll } from './poll.ts'

export interface Options {
  /** `HOST:PORT`. */
  readonly address: string
  /** Milliseconds. */
  readonly lameduck: number
}

export const health: Plugin<Options> = {
  name: 'health',

  parse(directive) {
    let address = ':8080'
    let lameduck = 0
    for (const line of directive.uses()) {
      if (line.left > 0) address = line.address('ADDRESS')
      line.options({
        lameduck: option => {
          lameduck = option.duration('DURATION', { max: LONGEST_TIMER })
        },
      })
      line.end()
    }
    return { address, lameduck }
  },

  create: (options, block) => (block.server.control ? new Health(options, block, block.server.control) : {}),
}

class Health implements Instance {
  readonly #options: Options
  readonly #control: Control
  readonly #log: Logger
  readonly #poll: Poll
  #release: (() => Promise<void>) | undefined

  constructor(options: Options, block: ServerBlock, control: Control) {
    this.#options = options
    this.#control = control
    this.#log = block.log('health')
    this.#poll = new Poll(options.address, block.server.metrics, this.#log)
  }

  async start(): Promise<void> {
    this.#release = await this.#control.serve(this.#options.address, '/health', async () => {
      await this.#control.alive()
      return { status: 200, body: 'OK' }
    })
  }

  serving(): void {
    this.#poll.start()
  }

  /** Answers on while load balancers and resolvers take notice. */
  async drain(): Promise<void> {
    const { lameduck } = this.#options
    if (lameduck === 0) return
    this.#log.info(`Going into lameduck mode for ${formatDuration(lameduck)}`)
    await sleep(lameduck)
  }

  async stop(): Promise<void> {
    this.#poll.stop()
    await this.#release?.()
  }
}

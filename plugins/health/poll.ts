import { once } from 'node:events'
import { type Cell, exponential, type HistogramCell, type Metrics } from '#src/metrics.ts'
import type { Logger } from '#src/plugin.ts'

/** In milliseconds. */
const EVERY = 1000
const SLOW = 1000
const TIMEOUT = 3000

/** Asks our own /health every second, as a probe does: the time it takes shows how overloaded the process is. */
export class Poll {
  readonly #url: string
  readonly #log: Logger
  readonly #duration: HistogramCell
  readonly #failures: Cell
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined

  /** @param address where /health is served; without a host it is asked on the loopback interface */
  constructor(address: string, metrics: Metrics, log: Logger) {
    this.#url = `http://${address.startsWith(':') ? 'localhost' : ''}${address}/health`
    this.#log = log
    this.#duration = metrics
      .histogram(
        'coredns_health_request_duration_seconds',
        'Time that a request for the own /health took.',
        exponential(0.00025, 10, 5),
      )
      .with({})
    this.#failures = metrics
      .counter('coredns_health_request_failures_total', 'Requests for the own /health that failed.')
      .with({})
  }

  start(): void {
    this.#timer = setInterval(() => this.#ask(), EVERY).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopped.abort()
  }

  async #ask(): Promise<void> {
    const start = performance.now()
    let failure: Error | undefined
    try {
      await answered(this.#url, AbortSignal.any([AbortSignal.timeout(TIMEOUT), this.#stopped.signal]))
    } catch (error) {
      if (this.#stopped.signal.aborted) return
      failure = error as Error
    }
    const elapsed = performance.now() - start
    this.#duration.observe(elapsed / 1000)
    if (failure) {
      this.#failures.value++
      this.#log.warn(`Local health request to "${this.#url}" failed: ${failure.message}`)
    } else if (elapsed > SLOW) {
      this.#log.warn(`Local health request to "${this.#url}" took more than 1s: ${Math.round(elapsed)}ms`)
    }
  }
}

/** Resolves when the head of a response has come. */
async function answered(url: string, signal: AbortSignal): Promise<void> {
  // `import 'node:http'` would load undici with it, which takes 15 MB.
  const request = process.getBuiltinModule('node:http').get(url, { agent: false })
  // What fails behind the head concerns nobody, but must have a listener.
  request.on('error', () => {})
  try {
    const [response] = await once(request, 'response', { signal })
    response.resume()
  } catch (error) {
    request.destroy()
    throw error
  }
}

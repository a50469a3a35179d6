/** *pprof* serves profiles of the main thread over HTTP. */
import type { Control, HttpHandler, Instance, Plugin } from '#src/plugin.ts'
import type { Profiles } from './profiles.ts'

const PATH = '/debug/pprof'

const OCTETS = 'application/octet-stream'
const JSON_TEXT = 'application/json'

/** Seconds, as in Go, and at most. */
const [SECONDS, MOST_SECONDS] = [30, 300]

const INDEX = `profiles of the main thread

${PATH}/profile?seconds=${SECONDS}     processor, for go tool pprof and speedscope
${PATH}/cpuprofile?seconds=${SECONDS}  the same for Chrome DevTools (Performance) and speedscope, as .cpuprofile
${PATH}/heap                   memory in use, for go tool pprof
${PATH}/heapprofile            the same for Chrome DevTools (Memory), as .heapprofile
`

export const pprof: Plugin<string> = {
  name: 'pprof',

  parse(directive) {
    const line = directive.once()
    const address = line.left > 0 ? line.address('ADDRESS') : 'localhost:6053'
    line.options({
      block: option => {
        if (option.left > 0) option.integer('RATE', Number.MIN_SAFE_INTEGER)
        option.warn('block has no effect: there are no locks to wait for')
      },
    })
    line.end()
    return address
  },

  create: (address, { server: { control } }) => (control ? new Pprof(address, control) : {}),
}

class Pprof implements Instance {
  readonly #address: string
  readonly #control: Control
  #profiles: Profiles | undefined
  #releases: (() => Promise<void>)[] = []

  constructor(address: string, control: Control) {
    this.#address = address
    this.#control = control
  }

  async start(): Promise<void> {
    // Loaded here, as what they import takes memory.
    const { acquire } = await import('./profiles.ts')
    const { ofHeap, ofProcessor } = await import('./format.ts')
    const profiles = await acquire()
    this.#profiles = profiles
    const index: HttpHandler = () => ({ status: 200, body: INDEX })
    const timed =
      (write: (seconds: number) => Promise<string | Uint8Array>, content: string): HttpHandler =>
      async parameters => {
        const seconds = Number(parameters.get('seconds') ?? SECONDS)
        if (!(seconds > 0 && seconds <= MOST_SECONDS))
          return { status: 400, body: `seconds must be a number up to ${MOST_SECONDS}\n` }
        return { status: 200, body: await write(seconds), content }
      }
    const routes: Readonly<Record<string, HttpHandler>> = {
      '': index,
      '/': index,
      '/profile': timed(async seconds => ofProcessor(await profiles.processor(seconds)), OCTETS),
      '/cpuprofile': timed(async seconds => JSON.stringify(await profiles.processor(seconds)), JSON_TEXT),
      '/heap': async () => ({ status: 200, body: ofHeap(await profiles.heap()), content: OCTETS }),
      '/heapprofile': async () => ({ status: 200, body: JSON.stringify(await profiles.heap()), content: JSON_TEXT }),
    }
    for (const [path, handler] of Object.entries(routes))
      this.#releases.push(await this.#control.serve(this.#address, `${PATH}${path}`, handler))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#releases.map(release => release()))
    this.#profiles?.release()
  }
}

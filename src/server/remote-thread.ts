import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { type BirpcReturn, createBirpc } from 'birpc'
import type { Corefile } from '../corefile/tree.ts'
import type { LogFormat, Logger } from '../log.ts'
import type { Unready } from '../plugin.ts'
import type { Snapshot } from '../snapshot.ts'
import type { UdpMode } from '../transport/udp-mode.ts'
import type { Ports, Thread } from './thread.ts'

/** How long a thread may take to let go of everything, in milliseconds, when the process ends at once. */
const LAST = 1000

/** Room for what queries leave behind, in mebibytes: three semi-spaces, as V8 counts. */
const YOUNG = 3

/** How further threads are started. */
export interface Spawn {
  /** What they run; it calls `serveThread`. */
  readonly module: URL
  readonly data: SharedData
  /** Writes lines of a thread's log. */
  print(lines: string): void
  /** Hands over the other end of the port through which a thread follows the feeds. */
  relay(port: MessagePort): void
}

/** What all of them are given. */
interface SharedData {
  readonly version: string
  readonly port: number
  readonly logFormat: LogFormat
  readonly udp: UdpMode
}

/** What one of them is given. */
export interface ThreadData extends SharedData {
  readonly index: number
  readonly feeds: MessagePort
  /** Its first element becomes 1 when the thread has let go of everything. */
  readonly ended: Int32Array
}

/** What a further thread can be called for. */
export interface ThreadCalls extends Thread {
  alive(): void
  exit(): void
}

/** What it can call the main one for. */
export interface MainCalls {
  print(lines: string): void
}

/** A further thread that answers queries, seen from the main one. */
export class RemoteThread implements Thread {
  readonly index: number
  /** What it has counted, as far as is known. */
  counted: readonly Snapshot[] = []
  readonly #calls: BirpcReturn<ThreadCalls, MainCalls>
  readonly #ended = new Int32Array(new SharedArrayBuffer(4))
  readonly #exited: Promise<void>
  #stopping = false

  /** @param onFailure called once where it ends without having been stopped */
  constructor(index: number, { module, data, relay, print }: Spawn, log: Logger, onFailure: () => void) {
    this.index = index
    const { port1, port2 } = new MessageChannel()
    relay(port1)
    const workerData: ThreadData = { ...data, index, feeds: port2, ended: this.#ended }
    const worker = new Worker(module, {
      name: `serving ${index}`,
      workerData,
      transferList: [port2],
      // As small as that of the main thread: a larger one does not fit the processor's caches, and is memory that is held.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
    })
    this.#calls = createBirpc<ThreadCalls, MainCalls>(
      { print },
      { post: message => worker.postMessage(message), on: take => worker.on('message', take), timeout: -1 },
    )
    worker.on('error', error => log.error(`serving thread ${index}: ${error instanceof Error ? error.stack : error}`))
    this.#exited = new Promise(resolve =>
      worker.once('exit', () => {
        this.#calls.$close(new Error(`serving thread ${index} has ended`))
        if (!this.#stopping) onFailure()
        resolve()
      }),
    )
  }

  start(corefile: Corefile, threads: number): Promise<void> {
    return this.#calls.start(corefile, threads)
  }

  open(ports: Ports): Promise<Ports> {
    return this.#calls.open(ports)
  }

  commit(): Promise<void> {
    return this.#calls.commit()
  }

  abort(): Promise<void> {
    return this.#calls.abort()
  }

  drain(): Promise<void> {
    return this.#calls.drain()
  }

  /** Whatever happens, it has ended after this. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#calls.stop().catch(() => {})
    await this.collect().catch(() => {})
    void this.#calls.exit.asEvent()
    await this.#exited
  }

  unready(word: string): Promise<Unready[]> {
    return this.#calls.unready(word)
  }

  async collect(): Promise<Snapshot[]> {
    const counted = await this.#calls.collect()
    this.counted = counted
    return counted
  }

  alive(): Promise<void> {
    return this.#calls.alive()
  }

  /** The process is about to end. */
  askToExit(): void {
    void this.#calls.exit.asEvent()
  }

  /** Blocks until it has let go of what must not be open when the process ends. */
  awaitExit(): void {
    Atomics.wait(this.#ended, 0, 0, LAST)
  }
}

/** The server in this process: its metrics can be read, its Corefile exchanged. */
import { pino } from 'pino'
import { plugins } from '#plugins/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { DnsServer } from '#src/server/process.ts'
import { askTcp, askUdp } from '#test/support/client.ts'
import { type Answer, type QueryOptions, queryMessage, readAnswer } from '#test/support/message.ts'

export class LocalServer implements AsyncDisposable {
  /** What the next reload reads: the block's lines. */
  block: string
  readonly #server: DnsServer

  constructor(block: string) {
    this.block = block
    this.#server = new DnsServer({
      version: 'test',
      plugins,
      port: 0,
      log: pino({ level: 'silent' }),
      logFormat: 'text',
      readCorefile: () => parseCorefile(`.:0 {\n${this.block}\n}\n`, 'Corefile'),
    })
  }

  start(): Promise<void> {
    return this.#server.start()
  }

  reload(): Promise<void> {
    return this.#server.reload()
  }

  get port(): number {
    return this.#server.zones[0]!.port
  }

  async query(name: string, type = 'A', options: QueryOptions = {}): Promise<Answer> {
    return readAnswer(await askUdp(queryMessage(name, type, options), { port: this.port, timeout: 8000 }))
  }

  async queryTcp(name: string, type = 'A', options: QueryOptions = {}): Promise<Answer> {
    return readAnswer(await askTcp(queryMessage(name, type, options), { port: this.port, timeout: 8000 }))
  }

  /** The value of the sample with these labels; undefined where nothing was counted. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    for (const metric of this.#server.metrics) {
      for (const sample of await metric.samples()) {
        if (sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
          return sample.value
      }
    }
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown()
  }
}

export async function startLocal(block: string): Promise<LocalServer> {
  const server = new LocalServer(block)
  await server.start()
  return server
}

/** The server in this process: what it logs, counts and says of itself can be read, and its last plugin, `script`, answers as the test wants. */
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plugins } from '#plugins/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { createLogger, type LogFormat } from '#src/log.ts'
import { answer, type Handler, type Plugin } from '#src/plugin.ts'
import { DnsServer } from '#src/server/process.ts'
import { askTcp, askUdp } from './client.ts'
import { loaded } from './loaded.ts'
import { type Answer, type QueryOptions, queryMessage, readAnswer } from './message.ts'

export class InProcessServer implements AsyncDisposable {
  /** What the next reload reads. */
  corefile: string
  /** What the plugin `script` answers. */
  script: Handler = () => answer(NO_RECORDS)
  /** Every line of the log so far. */
  readonly lines: string[] = []
  readonly server: DnsServer
  #changed = Promise.withResolvers<void>()

  constructor(corefile: string, logFormat: LogFormat = 'text') {
    this.corefile = corefile
    const script: Plugin<void> = {
      name: 'script',
      parse: directive => directive.empty(),
      create: () => ({ wrap: () => query => this.script(query) }),
    }
    const write = (line: string) => {
      this.lines.push(line.trimEnd())
      this.#wake()
    }
    this.server = new DnsServer({
      version: 'test',
      plugins: [...plugins, loaded(script)],
      port: 0,
      log: createLogger(logFormat, 'info', { write }),
      logFormat,
      readCorefile: () => parseCorefile(this.corefile, 'Corefile'),
    })
  }

  /** Who waits for another line looks at those that there are, be it that another's time is over. */
  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  get port(): number {
    return this.server.zones[0]!.port
  }

  async query(name: string, type: string | number = 'A', options: QueryOptions = {}): Promise<Answer> {
    return readAnswer(await askUdp(queryMessage(name, type, options), { port: this.port }))
  }

  async queryTcp(name: string, type: string | number = 'A', options: QueryOptions = {}): Promise<Answer> {
    return readAnswer(await askTcp(queryMessage(name, type, options), { port: this.port }))
  }

  /** The first line that matches, from line `from` on. @throws when there is none in time */
  async waitForLine(pattern: RegExp, { timeout = 30_000, from = 0 } = {}): Promise<string> {
    const late = AbortSignal.timeout(timeout)
    late.onabort = () => this.#wake()
    for (;;) {
      const line = this.lines.slice(from).find(candidate => pattern.test(candidate))
      if (line !== undefined) return line
      if (late.aborted) throw new Error(`no line ${pattern} within ${timeout} ms\n${this.lines.join('\n')}`)
      await this.#changed.promise
    }
  }

  /** The value of the first sample that has these labels among others; undefined where nothing was counted. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    for (const metric of this.server.metrics) {
      const sample = (await metric.samples()).find(
        candidate =>
          candidate.name === name && Object.entries(labels).every(([label, value]) => candidate.labels[label] === value),
      )
      if (sample) return sample.value
    }
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown()
  }
}

/** @param lines of the one server block, for the root on a free port */
export async function startInProcess(lines: string, logFormat?: LogFormat): Promise<InProcessServer> {
  const server = new InProcessServer(`.:0 {\n${lines}\n}\n`, logFormat)
  await server.server.start()
  return server
}

/**
 * A server whose one block has these lines, and whose relative files are below a folder of its own, which goes when it ends.
 * @param fill puts files into the folder before the server starts
 */
export async function startInFolder(
  fill: (folder: string) => Promise<unknown>,
  lines: string,
): Promise<{ server: InProcessServer; folder: string } & AsyncDisposable> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'in-process-'))
  await fill(folder.path)
  const server = new InProcessServer(`.:0 {\n  root ${folder.path}\n  errors\n${lines}\n}\n`)
  const dispose = async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  }
  await server.server.start().catch(async error => {
    await dispose()
    throw error
  })
  return { server, folder: folder.path, [Symbol.asyncDispose]: dispose }
}

/** @param files by their names */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

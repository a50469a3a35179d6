/** A feed of files in a folder of its own, and what it tells. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Feed, Subscriber } from '#src/feeds/feed.ts'
import { fileSource } from '#src/feeds/files/source.ts'
import { ThreadFeed, type ThreadSource } from '#src/feeds/thread-feed.ts'
import { createLogger } from '#src/log.ts'
import { line } from './files/mesh-of.ts'

/** A Service with this virtual address. */
export const service = (name: string, address = '10.0.0.1'): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { clusterIP: ${address} }\n---\n`

export class Watched implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'feed-'))
  readonly log: string[] = []
  /** Every host that was told to be no more. */
  readonly removed: string[] = []
  readonly feed: Feed
  /** Whether the thread is there and has told of anything. */
  #started = false
  #changed = Promise.withResolvers<void>()

  /** @param files to be there at the start @param source made of the folder */
  constructor(
    files: Readonly<Record<string, string>> = {},
    source: (folder: string) => ThreadSource = folder => fileSource([folder], ''),
  ) {
    for (const [file, text] of Object.entries(files)) this.write(file, text)
    const write = (text: string) => {
      this.log.push(text.trimEnd())
      this.#told()
    }
    this.feed = new ThreadFeed(source(this.folder), createLogger('text', 'info', { write }))
    void this.feed.subscribe(this.#subscriber)
    void this.feed.completed.then(() => this.#told())
  }

  readonly #subscriber: Subscriber = (id, record) => {
    if (!record) this.removed.push(id)
    this.#told()
  }

  #told(): void {
    this.#started = true
    this.#wake()
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** One line a host. */
  get hosts(): readonly string[] {
    return Array.from(this.feed.records.values(), line).sort()
  }

  path(file: string): string {
    return join(this.folder, file)
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true })
    writeFileSync(this.path(file), text)
  }

  /** Writes beside, then renames. */
  replace(file: string, text: string): void {
    this.write('.new', text)
    renameSync(this.path('.new'), this.path(file))
  }

  /** Waits until `true_` is. @throws when it takes longer than `timeout` milliseconds */
  async until(isTrue: () => boolean, timeout = 30_000): Promise<void> {
    const late = AbortSignal.timeout(timeout)
    late.onabort = () => this.#wake()
    while (!isTrue()) {
      if (late.aborted) throw new Error(`not so within ${timeout} ms: ${isTrue}\n${[...this.hosts, ...this.log].join('\n')}`)
      await this.#changed.promise
    }
  }

  /** Waits until these are the hosts, but not until the next look that nothing has asked for. */
  async has(...hosts: readonly string[]): Promise<void> {
    await this.until(() => this.#started)
    await this.until(() => this.hosts.join() === hosts.join(), 1500)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.feed.close()
    rmSync(this.folder, { recursive: true })
  }
}

import { ServedZones } from './served-zones.ts'
import type { ZoneFile } from './zone-file.ts'

/** A plugin whose zones are in files. */
export class ZoneFiles extends ServedZones<ZoneFile> {
  readonly #timers: NodeJS.Timeout[] = []

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
  }

  /** Does something again and again, this long behind its last end. @param interval in milliseconds; 0 for never */
  protected repeat(interval: number, signal: AbortSignal, work: () => Promise<void>): void {
    if (interval === 0 || signal.aborted) return
    const timer = setTimeout(async () => {
      await work()
      timer.refresh()
    }, interval)
    this.#timers.push(timer.unref())
  }

  /** Reads a zone where its file has changed, and logs what is wrong: what was read before is kept. @returns whether there is another version */
  protected async read(file: ZoneFile): Promise<boolean> {
    const { origin } = file
    try {
      if (!(await file.read())) return false
      this.changed(file)
      return true
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      this.log?.error(code ? `Failed to open zone "${origin}": ${message}` : `Parsing zone "${origin}": ${message}`)
      return false
    }
  }

  /** The same, and logs that there is another version. */
  protected async readAgain(file: ZoneFile): Promise<void> {
    if (!(await this.read(file))) return
    const { origin, path, answers } = file
    this.log?.info(`Successfully reloaded zone "${origin}" in "${path}" with ${answers?.zone.serial} SOA serial`)
  }
}

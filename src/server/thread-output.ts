/** Milliseconds that lines wait for more. */
const DELAY = 20
/** How much waits while the main thread has no time, in characters; what comes later is dropped. */
const PENDING = 1 << 20

/** Where the log of a further thread goes: in blocks to the main one, since lines stay whole where only one thread writes them. */
export class ThreadOutput {
  readonly #print: (lines: string) => Promise<void>
  readonly #onLoss: (lines: number) => void
  #text = ''
  #lost = 0
  /** A block is about to be handed over, or not taken yet. */
  #isBusy = false

  /** @param print is fulfilled when the lines are taken @param onLoss is told how many were dropped */
  constructor(print: (lines: string) => Promise<void>, onLoss: (lines: number) => void) {
    this.#print = print
    this.#onLoss = onLoss
    process.once('exit', () => void this.#print(this.#text))
  }

  write(line: string): void {
    if (this.#text.length + line.length > PENDING) {
      this.#lost++
      return
    }
    this.#text += line
    this.#handLater()
  }

  #handLater(): void {
    if (this.#isBusy || this.#text === '') return
    this.#isBusy = true
    setTimeout(() => this.#hand(), DELAY).unref()
  }

  async #hand(): Promise<void> {
    const [text, lost] = [this.#text, this.#lost]
    this.#text = ''
    this.#lost = 0
    await this.#print(text)
    this.#isBusy = false
    if (lost > 0) this.#onLoss(lost)
    // What came meanwhile, which may have left no room for the line that tells of the loss.
    this.#handLater()
  }
}

import { type Cell, type Metrics, Scalar } from '#src/metrics.ts'

/** How many clients get a label of their own: with forged addresses there may be any number of them. */
const CLIENTS = 1000

/** A counter by client address, with the label `other` for all beyond the first thousand. */
export class Exceeded extends Scalar {
  readonly #clients = new Map<string, Cell>()

  static of(metrics: Metrics, name: string, help: string): Exceeded {
    return metrics.once(name, () => new Exceeded('counter', name, help))
  }

  count(address: string): void {
    const cell = this.#clients.get(address) ?? this.#bind(address)
    cell.value++
  }

  #bind(address: string): Cell {
    if (this.#clients.size >= CLIENTS) return this.with({ client_ip: 'other' })
    const cell = this.with({ client_ip: address })
    this.#clients.set(address, cell)
    return cell
  }
}

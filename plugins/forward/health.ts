import { performance } from 'node:perf_hooks'
import { FLAG, TYPE } from '#src/dns/codes.ts'
import { Question } from '#src/forwarding/question.ts'
import type { Exchange } from './exchange.ts'

/** How long an upstream may take for a check, in milliseconds. */
const TIMEOUT = 1000
/** Between checks at the least, in milliseconds: `health_check 0s` is no busy loop. */
const PAUSE = 10

export interface HealthSettings {
  /** Between checks, in milliseconds. */
  readonly interval: number
  readonly recursionDesired: boolean
  /** Key of the name whose NS records are asked for. */
  readonly domain: string
}

/** Whose health is in question. */
interface Patient {
  ask(exchange: Exchange): void
  /** It replied. */
  isWell(): void
  /** It did not reply to one check. */
  isSilent(): void
}

/** Asks an upstream that gave cause for doubt until it replies, whatever it replies. */
export class HealthCheck {
  readonly #interval: number
  readonly #question: Question
  readonly #patient: Patient
  /** For the end of the check under way, or for the begin of the next. */
  #timer: NodeJS.Timeout | undefined
  #exchange: { waiting: boolean } | undefined

  constructor({ interval, recursionDesired, domain }: HealthSettings, patient: Patient) {
    this.#interval = Math.max(interval, PAUSE)
    this.#question = Question.make(domain, TYPE.NS, recursionDesired ? FLAG.RD : 0)
    this.#patient = patient
  }

  /** Begins, unless checks are under way. */
  start(): void {
    if (this.#timer === undefined) this.#check()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#exchange) this.#exchange.waiting = false
  }

  #check(): void {
    const end = (healthy: boolean) => {
      if (!exchange.waiting) return
      this.stop()
      if (healthy) return this.#patient.isWell()
      this.#timer = setTimeout(() => this.#check(), this.#interval)
      this.#patient.isSilent()
    }
    const exchange = {
      question: this.#question,
      sentAt: performance.now(),
      id: 0,
      edns: false,
      padded: false,
      waiting: true,
      answered: () => end(true),
      failed: () => end(false),
      doubted: () => {},
    }
    this.#exchange = exchange
    this.#timer = setTimeout(() => end(false), TIMEOUT)
    this.#patient.ask(exchange)
  }
}

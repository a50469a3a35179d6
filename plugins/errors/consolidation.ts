import type { RE2JS } from 're2js'
import { formatDuration } from '#src/corefile/duration.ts'
import type { Logger } from '#src/plugin.ts'

/** The words for levels, and what the logger calls them. */
export const LEVELS: ReadonlyMap<string, 'warn' | 'error' | 'info' | 'debug'> = new Map([
  ['warning', 'warn'],
  ['error', 'error'],
  ['info', 'info'],
  ['debug', 'debug'],
])

/** One `consolidate` line. */
export interface Rule {
  /** Milliseconds. */
  readonly period: number
  readonly pattern: RE2JS
  readonly level: 'warn' | 'error' | 'info' | 'debug'
  /** Print the first error of a period as it happens. */
  readonly showFirst: boolean
}

/** Counts errors that look alike and prints one line a period; a period begins with its first error. */
export class Consolidation {
  readonly #rule: Rule
  readonly #log: Logger
  #count = 0
  #timer: NodeJS.Timeout | undefined

  constructor(rule: Rule, log: Logger) {
    this.#rule = rule
    this.#log = log
  }

  matches(reason: string): boolean {
    return this.#rule.pattern.test(reason)
  }

  /** @param line what is printed of the error, if it is printed by itself */
  count(line: string): void {
    this.#count++
    if (this.#count > 1) return
    if (this.#rule.showFirst) this.#log[this.#rule.level](line)
    this.#timer = setTimeout(() => this.#summarize(), this.#rule.period).unref()
  }

  /** Prints what has been counted so far. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#summarize()
  }

  #summarize(): void {
    const { pattern, period, level, showFirst } = this.#rule
    if (this.#count > (showFirst ? 1 : 0)) {
      this.#log[level](`${this.#count} errors like '${pattern.pattern()}' occurred in last ${formatDuration(period)}`)
    }
    this.#count = 0
  }
}

import { randomBytes } from 'node:crypto'
import { sinceEpoch } from '#src/clock.ts'
import type { Context } from './b3.ts'

/** A span, in the words of Zipkin. Times in microseconds. */
export interface SpanRecord {
  readonly timestamp: number
  readonly duration: number
  readonly traceId: string
  readonly id: string
  readonly parentId: string | undefined
  readonly debug: true | undefined
  readonly name: string
  readonly kind?: 'SERVER'
  readonly shared?: true | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** What went wrong. */
  readonly error?: string | undefined
}

/** Time that something takes, from when it is made. */
export interface Span {
  readonly name: string
  readonly id: string
  readonly parentId: string | undefined
  /** Those of plugins further down have greater ones. */
  readonly place: number
  readonly tags?: SpanRecord['tags']
  /** By `performance.now()`. */
  readonly start: number
}

const newId = (): string => randomBytes(8).toString('hex')

const microseconds = (milliseconds: number): number => Math.round(milliseconds * 1000)

/** The place of what is no plugin, and has none below it. */
const LAST = Number.POSITIVE_INFINITY

/** What becomes of one query. */
export class Trace {
  readonly id: string
  readonly #root: Span
  /** Whether the root is the same span as that of who asks. */
  readonly #isShared: boolean
  readonly #debug: true | undefined
  readonly #report: (span: SpanRecord) => void
  /** Those that are not over, in the order in which they began. */
  #open: Span[] = []

  /**
   * @param context of what it is part
   * @param isShared whether it has a span with that, in place of one below it
   * @param newTraceId makes the id of a trace that begins here, with its first span
   */
  constructor(
    name: string,
    context: Partial<Context>,
    isShared: boolean,
    newTraceId: (rootId: string) => string,
    report: (span: SpanRecord) => void,
  ) {
    const { traceId, id: asking, parentId: aboveAsking, isDebug, isSampled = true } = context
    const isPart = traceId !== undefined
    this.#isShared = isPart && isShared
    const id = this.#isShared ? asking! : newId()
    const above = this.#isShared ? aboveAsking : asking
    const parentId = isPart ? above : undefined
    this.#root = { name, id, parentId, place: Number.NEGATIVE_INFINITY, start: performance.now() }
    this.id = traceId ?? newTraceId(id)
    this.#debug = isDebug || undefined
    this.#report = isDebug || isSampled ? report : () => {}
  }

  /** Begins a span below that of the plugin which is the nearest above `place`. */
  begin(name: string, place = LAST, tags?: SpanRecord['tags']): Span {
    const { id: parentId } = this.#open.findLast(span => span.place < place) ?? this.#root
    const span = { name, id: newId(), parentId, place, tags, start: performance.now() }
    this.#open.push(span)
    return span
  }

  /** Ends a span, and what is below it that is no plugin. One that is over stays as it is. */
  end(span: Span): void {
    const isOver = (open: Span) => open === span || (open.parentId === span.id && open.place === LAST)
    for (const open of this.#open) if (isOver(open)) this.#report(this.#recordOf(open))
    this.#open = this.#open.filter(open => !isOver(open))
  }

  /** Ends it. @param error what went wrong, if anything did */
  finish(tags: SpanRecord['tags'], error: string | undefined): void {
    this.#report({ ...this.#recordOf(this.#root), kind: 'SERVER', shared: this.#isShared || undefined, tags, error })
  }

  #recordOf({ name, id, parentId, tags, start }: Span): SpanRecord {
    const duration = Math.max(1, microseconds(performance.now() - start))
    return {
      timestamp: microseconds(sinceEpoch(start)),
      duration,
      traceId: this.id,
      id,
      parentId,
      debug: this.#debug,
      name,
      tags,
    }
  }
}

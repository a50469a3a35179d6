import {
  failure,
  type Handler,
  type Instance,
  type MetadataReader,
  onReply,
  type Query,
  Reply,
  type ServerBlock,
} from '#src/plugin.ts'
import { IllegalName } from './change.ts'
import { restore } from './restore.ts'
import { Rewriting } from './rewriting.ts'
import type { Rule } from './rule.ts'

/** One `rewrite` line. */
export interface Step {
  readonly rule: Rule
  /** Whether the lines behind it are looked at where it did something. */
  readonly goesOn: boolean
}

export class Rewrite implements Instance {
  readonly #steps: readonly Step[]
  readonly #block: ServerBlock
  readonly #readers = new Map<string, MetadataReader | undefined>()

  constructor(steps: readonly Step[], block: ServerBlock) {
    this.#steps = steps
    this.#block = block
  }

  wrap(next: Handler): Handler {
    const steps = this.#steps
    return query => {
      for (let i = 0; i < steps.length; i++) if (steps[i]!.rule.matches(query)) return this.#rewrite(query, i, next)
      return next(query)
    }
  }

  /** @param first the step that has to do with the query */
  #rewrite(query: Query, first: number, next: Handler): Reply | PromiseLike<Reply> {
    const rewriting = new Rewriting(query, label => this.#read(label, query))
    try {
      for (let i = first; i < this.#steps.length; i++) {
        const { rule, goesOn } = this.#steps[i]!
        if (rule.matches(rewriting) && rule.apply(rewriting) && !goesOn) break
      }
      const { asked, returned } = rewriting
      const reply = onReply(asked, next(asked), reply => {
        // An upstream says itself what options its reply has.
        if (returned && query.edns && reply.upstream === undefined) query.edns.returned = returned
        return this.#restore(rewriting, asked, reply)
      })
      return reply instanceof Reply ? reply : reply.then(undefined, fail)
    } catch (error) {
      return fail(error)
    }
  }

  #restore(rewriting: Rewriting, asked: Query, reply: Reply): Reply | PromiseLike<Reply> {
    // What *header* did to flags of the question shows in the reply.
    if (asked.flags !== rewriting.flags) rewriting.query.message.set(asked.message.subarray(2, 4), 2)
    return restore(rewriting, asked, reply, this.#block.resolve)
  }

  #read(label: string, query: Query): string | undefined {
    if (!this.#readers.has(label)) this.#readers.set(label, this.#block.metadata(label))
    return this.#readers.get(label)?.(query)
  }
}

function fail(error: unknown): Reply {
  if (error instanceof IllegalName) return failure(error)
  throw error
}

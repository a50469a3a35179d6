/** *header* sets and clears flags of queries and of replies. */
import { FLAG } from '#src/dns/codes.ts'
import { type Line, onReply, type Plugin, type Query, type Reply } from '#src/plugin.ts'

const FLAGS = { aa: FLAG.AA, ra: FLAG.RA, rd: FLAG.RD } as const
const ACTIONS = ['set', 'clear'] as const

/** What becomes of flags: of two lines about the same the later counts. */
interface Change {
  readonly set: number
  readonly clear: number
}

interface Options {
  readonly query: Change
  readonly response: Change
}

const NONE: Change = { set: 0, clear: 0 }

export const header: Plugin<Options> = {
  name: 'header',

  parse(directive) {
    const options = { query: NONE, response: NONE }
    let first: Line | undefined
    for (const line of directive.uses()) {
      first ??= line
      line.options(
        {
          query: option => {
            options.query = change(options.query, option)
          },
          response: option => {
            options.response = change(options.response, option)
          },
        },
        { anyCase: true },
      )
      line.end()
    }
    if (options.query === NONE && options.response === NONE)
      throw first!.problem("no flag is set or cleared: expected a line such as 'response set ra'")
    return options
  },

  create: ({ query: asked, response }) => ({
    wrap(next) {
      const see = (reply: Reply, query: Query): Reply => {
        reply.flags = apply(reply.flags, response)
        // RD of a reply is that of its query.
        flagQuery(query, { set: response.set & FLAG.RD, clear: response.clear & FLAG.RD })
        return reply
      }
      return query => {
        flagQuery(query, asked)
        return onReply(query, next(query), see)
      }
    },
  }),
}

function change({ set, clear }: Change, option: Line): Change {
  const isSet = option.oneOf('action', ACTIONS, { anyCase: true }) === 'set'
  let flags = 0
  do flags |= FLAGS[option.oneOf('flag', Object.keys(FLAGS) as (keyof typeof FLAGS)[], { anyCase: true })]
  while (option.left > 0)
  return isSet ? { set: set | flags, clear: clear & ~flags } : { set: set & ~flags, clear: clear | flags }
}

const apply = (flags: number, { set, clear }: Change): number => (flags | set) & ~clear

function flagQuery({ message, flags }: Query, change: Change): void {
  const changed = apply(flags, change)
  message[2] = changed >> 8
  message[3] = changed & 255
}

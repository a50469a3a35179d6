/** Queries and replies as plugins get them, without a server. */
import type { Query, Transport } from '#src/dns/query.ts'
import { admit } from '#src/server/admission.ts'
import { type QueryOptions, queryMessage } from './message.ts'

const LISTENER = { label: 'dns://:53', address: '', port: 53 }

/** The query that the server makes of a message; it comes from 192.0.2.1, port 40000, where nothing else is said. */
export function queryOf(
  name: string,
  type: string | number = 'A',
  {
    address = '192.0.2.1',
    transport = 'udp',
    listener = LISTENER,
    ...message
  }: QueryOptions & { address?: string; transport?: Transport; listener?: typeof LISTENER } = {},
): Query {
  const client = { address, port: 40_000, family: address.includes(':') ? 6 : 4 } as const
  return admit(queryMessage(name, type, message), client, transport, listener) as Query
}

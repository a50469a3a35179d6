import { type Client, type Listener, Query, type Transport } from '#src/dns/query.ts'
import { admit } from '#src/server/admission.ts'
import { type QueryOptions, queryMessage } from '#test/support/message.ts'

export const client: Client = { address: '192.0.2.1', port: 4000, family: 4 }
export const listener: Listener = { label: 'dns://:53', address: '', port: 53 }

/** The query that the server makes of a message. */
export function queryOf(
  name: string,
  type: string | number = 'A',
  { transport = 'udp', ...options }: QueryOptions & { transport?: Transport } = {},
): Query {
  const query = admit(queryMessage(name, type, options), client, transport, listener)
  if (!(query instanceof Query)) throw new Error('the message was not admitted')
  return query
}

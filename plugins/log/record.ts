import { className, rcodeName, typeName } from '#src/dns/codes.ts'
import { replyLength } from '#src/dns/length.ts'
import type { Query, Reply } from '#src/plugin.ts'

/** What a JSON line tells of a query beside its message, under CoreDNS's names. @param seconds from the query to the reply */
export const record = (query: Query, reply: Reply, seconds: number): Record<string, string | number | boolean | null> => ({
  client_ip: query.client.address,
  client_port: query.client.port,
  qname: query.name,
  qtype: typeName(query.type),
  qclass: className(query.class),
  protocol: query.transport === 'udp' ? 'udp' : 'tcp',
  id: query.id,
  opcode: query.opcode,
  request_size: query.message.length,
  dnssec_ok: query.edns?.dnssecOk ?? false,
  bufsize: query.replySize,
  rcode: reply.silent ? null : rcodeName(reply.rcode),
  response_size: reply.silent ? 0 : replyLength(query, reply),
  duration_seconds: seconds,
})

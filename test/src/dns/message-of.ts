import { writeQuery } from '#src/dns/query.ts'
import type { Sections } from '#src/dns/sections.ts'

/** The message that has `key` as its question and `sections` behind it: QR is set, nothing else. */
export function messageOf(key: string, sections: Sections): Buffer {
  const message = Buffer.concat([writeQuery(key, 1, { flags: 0x8000 }), sections.bytes])
  message.writeUInt16BE(sections.answers, 6)
  message.writeUInt16BE(sections.authorities, 8)
  message.writeUInt16BE(sections.additionals, 10)
  return message
}

import { Placeholders } from '#src/placeholders.ts'
import type { MetadataReader } from '#src/plugin.ts'
import { FIELDS } from './fields.ts'

const COMMON =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}'
const COMBINED = `${COMMON} "{>opcode}"`

/** What makes a line of a query. @param metadata what is told under a label */
export const formatOf = (text: string, metadata: (label: string) => MetadataReader | undefined): Placeholders =>
  new Placeholders(text.replaceAll('{common}', COMMON).replaceAll('{combined}', COMBINED), FIELDS, metadata)

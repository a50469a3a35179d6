/** A primary whose zones a test changes as it likes. */
import { askUdp, sendUdp } from '#test/support/client.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import { type Asked, type FakeUpstream, type Script, startUpstream } from '#test/support/upstream.ts'

/** A zone's records, the SOA record first. */
export type ZoneLines = readonly string[]

/** `example.org.`, or another zone, whose `www` has an address that tells the serial. @param timing REFRESH, RETRY and EXPIRE */
export const zone = (serial: number, origin = 'example.org.', timing = '3600 600 86400'): ZoneLines => [
  `${origin} 60 IN SOA ns.${origin} hostmaster.${origin} ${serial} ${timing} 60`,
  `${origin} 60 IN NS ns.${origin}`,
  `www.${origin} 60 IN A 192.0.2.${serial & 255}`,
]

export const CATALOG = 'catalog.example.'

/** A catalog zone. @param lines what stands below `zones`: `a PTR example.org.` */
export const catalog = (serial: number, lines: readonly string[], origin = CATALOG): ZoneLines => [
  `${origin} 0 IN SOA invalid. invalid. ${serial} 3600 600 86400 0`,
  `${origin} 0 IN NS invalid.`,
  `version.${origin} 0 IN TXT "2"`,
  ...lines.map(line => line.replace(/^(\S+) (.*)$/, `$1.zones.${origin} 0 IN $2`)),
]

/** What such a primary answers. */
export function transfers(zones: Readonly<Record<string, ZoneLines>>): Script {
  return ({ message, name, type }) => {
    const records = zones[name]
    if (!records) return messageFrom(message, [], { rcode: 5 })
    return messageFrom(message, type === 'AXFR' ? [...records, records[0]!] : [records[0]!])
  }
}

/** A primary with these zones; `zones` may be changed. */
export async function startPrimary(zones: Record<string, ZoneLines> = { 'example.org.': zone(1) }, port = 0) {
  const primary = await startUpstream(transfers(zones), { port })
  return Object.assign(primary, { zones })
}

/** The types that it was asked for, in their order. */
export const typesAsked = ({ seen }: FakeUpstream): string[] => seen.map(({ type }: Asked) => type)

/** A server that is secondary of it for example.org. @param lines more of the server block */
export const startSecondary = (primary: Pick<FakeUpstream, 'to'>, lines = ''): Promise<InProcessServer> =>
  startInProcess(`errors\nsecondary example.org {\n transfer from ${primary.to}\n}\n${lines}`)

export const notification = (origin = 'example.org.', options = {}): Buffer =>
  queryMessage(origin, 'SOA', { opcode: 4, flags: 0x0400, ...options })

/** Tells a server of another version. */
export const notify = ({ port }: { readonly port: number }, origin = 'example.org.'): Promise<Buffer> =>
  askUdp(notification(origin), { port })

export const notifyFrom = (from: string, { port }: { readonly port: number }): Promise<Buffer | undefined> =>
  sendUdp(notification(), { port, from, timeout: 300 })

/** The address that a zone has for `www`; the rcode where there is none. */
export async function addressOf(server: Pick<InProcessServer, 'query'>, origin = 'example.org.'): Promise<string> {
  const { rcode, answer } = await server.query(`www.${origin}`)
  return answer.length > 0 ? answer[0]!.split(' ').at(-1)! : rcode
}

import { TYPE } from '#src/dns/codes.ts'
import { Subnet } from '#src/dns/subnet.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Line } from '#src/plugin.ts'

export type Action = 'allow' | 'block' | 'filter' | 'drop'

/** What is done with queries of these types from these networks; undefined stands for all. */
interface Policy {
  readonly action: Action
  readonly types: ReadonlySet<number> | undefined
  readonly nets: readonly Subnet[] | undefined
}

/** One `acl` line: of its policies the first that fits counts. */
export interface Rule {
  readonly zones: ZoneSet
  readonly policies: readonly Policy[]
}

/** @param zones where the line names none */
export function readRule(line: Line, zones: readonly string[]): Rule {
  const rule = { zones: new ZoneSet(line.zones(zones)), policies: [] as Policy[] }
  const read = (action: Action) => (option: Line) => void rule.policies.push(readPolicy(action, option))
  line.options({ allow: read('allow'), block: read('block'), filter: read('filter'), drop: read('drop') }, { anyCase: true })
  line.end()
  return rule
}

const SECTIONS = ['type', 'net'] as const
type Section = (typeof SECTIONS)[number]

function readPolicy(action: Action, option: Line): Policy {
  const types = new Set<number>()
  const nets: Subnet[] = []
  const limited = new Set<Section>()
  const unlimited = new Set<Section>()
  while (option.left > 0) {
    const section = option.oneOf('section', SECTIONS, { anyCase: true })
    limited.add(section)
    do {
      const text = option.text(section === 'type' ? 'QTYPE' : 'SOURCE')
      if (text === '*') unlimited.add(section)
      else if (section === 'type') types.add(readType(text, option))
      else nets.push(readNet(text, option))
    } while (option.left > 0 && !SECTIONS.some(word => word === option.peek()?.toLowerCase()))
  }
  const isAny = (section: Section) => !limited.has(section) || unlimited.has(section)
  return { action, types: isAny('type') ? undefined : types, nets: isAny('net') ? undefined : nets }
}

function readType(text: string, option: Line): number {
  if (!Object.hasOwn(TYPE, text)) throw option.problem(`no record type: '${text}'`, Object.keys(TYPE))
  return TYPE[text as keyof typeof TYPE]
}

/** An address alone is a network of one. */
function readNet(text: string, option: Line): Subnet {
  const net = Subnet.parse(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`)
  if (!net) throw option.problem(`neither an address nor a CIDR: '${text}'`)
  return net
}

/** What the first of the policies says that fits; undefined where none does. @param address octets of the client's */
export function actionOf(policies: readonly Policy[], type: number, address: Uint8Array): Action | undefined {
  return policies.find(({ types, nets }) => (!types || types.has(type)) && (!nets || nets.some(net => net.has(address))))?.action
}

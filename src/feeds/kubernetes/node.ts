import type { Field, Skip } from '../objects/field.ts'
import { attempt } from './attempt.ts'
import { META } from './meta.ts'
import type { Node } from './objects.ts'
import { isIgnored, readPatterns } from './outside.ts'
import { message, messages, shape, text } from './shape.ts'

export const NODE = shape(
  message(1, 'metadata', META),
  message(3, 'status', shape(messages(5, 'addresses', shape(text(1, 'type'), text(2, 'address'))))),
)

/** A Node, as its `status` says that it is called and reached. */
export function readNode(root: Field, skip: Skip): Omit<Node, 'version'> | undefined {
  if (isIgnored(root)) return undefined
  const addresses = root.at('status', 'addresses').items()
  const ofType = (type: string) => addresses.filter(item => item.at('type').value === type).map(item => item.at('address'))
  return {
    kind: 'Node',
    namespace: '',
    name: root.at('metadata', 'name').text(),
    hosts: readPatterns(ofType('Hostname'), skip),
    addresses: {
      InternalIP: readAddresses(ofType('InternalIP'), skip),
      ExternalIP: readAddresses(ofType('ExternalIP'), skip),
    },
  }
}

const readAddresses = (fields: readonly Field[], skip: Skip): string[] =>
  fields.flatMap(field => attempt(() => field.address(), skip) ?? [])

import type { Field } from './field.ts'
import type { Labels, Selector } from './mesh-objects.ts'

/** What every object has. One without namespace is in `default`, where kubectl puts it. */
export function readMeta(root: Field): { namespace: string; name: string; labels: Labels } {
  const metadata = root.at('metadata')
  return {
    namespace: metadata.at('namespace').label('default'),
    name: metadata.at('name').text(),
    labels: readLabels(metadata.at('labels')),
  }
}

export const readLabels = (field: Field): Labels => field.members(value => value.text(''))

export const readSelector = (field: Field): Selector => [...readLabels(field)].flat()

/** Whether the status says that the condition of this type is met. */
export const isConditionTrue = (root: Field, type: string): boolean =>
  root
    .at('status', 'conditions')
    .items()
    .some(condition => condition.at('type').value === type && condition.at('status').value === 'True')

/** The namespaces that see it; undefined for all. */
export const readExportTo = (spec: Field): readonly string[] | undefined =>
  spec.at('exportTo').absent
    ? undefined
    : spec
        .at('exportTo')
        .items()
        .map(item => item.text())

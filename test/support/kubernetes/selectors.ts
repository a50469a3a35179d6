import type { KubeObject } from './objects.ts'

/** Whether an object is among those that the selectors of a request ask for. */
export function isSelected(object: KubeObject, query: URLSearchParams): boolean {
  const labels = object.metadata?.labels ?? {}
  return (
    terms(query.get('labelSelector')).every(([name, operator, value]) =>
      operator === '' ? name in labels : (labels[name] === value) === (operator !== '!='),
    ) &&
    terms(query.get('fieldSelector')).every(
      ([path, operator, value]) => (`${fieldOf(object, path) ?? ''}` === value) === (operator !== '!='),
    )
  )
}

const terms = (selector: string | null): [name: string, operator: string, value: string][] =>
  (selector ?? '')
    .split(',')
    .filter(term => term !== '')
    .map(term => {
      const [, name = '', operator = '', value = ''] = /^([^=!]+)(==|=|!=)?(.*)$/.exec(term) ?? []
      return [name, operator, value]
    })

const fieldOf = (object: KubeObject, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], object)

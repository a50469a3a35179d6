import { Field } from '../objects/field.ts'
import type { Connection } from './connection.ts'
import { type Kind, versionOf } from './kind.ts'
import { ask, JSON_ONLY } from './request.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/**
 * Fulfilled when the definition of a kind exists and is served. Never fulfilled if the watch ends before, or is not permitted.
 */
export async function definitionServed(connection: Connection, { definition, path }: Kind, signal: AbortSignal): Promise<void> {
  const version = versionOf({ path })
  try {
    const query = { watch: 'true', fieldSelector: `metadata.name=${definition}` }
    const { encoding, response } = await ask(connection, DEFINITIONS, query, JSON_ONLY, signal)
    const frames = encoding.frames()
    for await (const chunk of response.body)
      for (const frame of frames.split(chunk)) if (isServed(new Field(JSON.parse(`${frame}`)).at('object'), version)) return
  } catch {}
  await new Promise(() => {})
}

function isServed(definition: Field, version: string): boolean {
  const established = definition
    .at('status', 'conditions')
    .items()
    .find(condition => condition.at('type').value === 'Established')
  const versions = definition.at('spec', 'versions').items()
  return (
    established?.at('status').value === 'True' &&
    versions.some(candidate => candidate.at('name').value === version && candidate.at('served').value === true)
  )
}

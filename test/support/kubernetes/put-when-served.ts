import { setTimeout } from 'node:timers/promises'
import type { KubeObject } from './objects.ts'

/** Puts a custom resource: its kind is served some time after its definition is there. */
export async function putWhenServed(api: { put(object: KubeObject): unknown }, object: KubeObject): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return (await api.put(object)) as undefined
    } catch (error) {
      if (tries === 100) throw error
      await setTimeout(50)
    }
  }
}

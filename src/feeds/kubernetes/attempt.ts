import { Invalid, type Skip } from '../objects/field.ts'

/** What `read` gives; undefined, with a word about it, where it refuses. */
export function attempt<T>(read: () => T, skip: Skip): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Invalid)) throw error
    skip(error)
    return undefined
  }
}

/** What `read` gives where it finds no fault at all. */
export function faultless<T>(read: (skip: Skip) => T | undefined): T | undefined {
  let faults = 0
  const value = attempt(
    () => read(() => faults++),
    () => faults++,
  )
  return faults === 0 ? value : undefined
}

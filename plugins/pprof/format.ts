/** Profiles of V8 in the format of pprof: github.com/google/pprof/blob/main/proto/profile.proto. */
import type { HeapProfiler, Profiler, Runtime } from 'node:inspector'
import { writeField } from '#src/protobuf-writer.ts'

/** What was measured where the calls of `stack`, the innermost first, were. */
interface Sample {
  readonly stack: readonly Runtime.CallFrame[]
  /** One for each type. */
  readonly values: readonly number[]
}

type ValueType = readonly [type: string, unit: string]

/** Time while nothing was to be done is not that of the processor. */
export function ofProcessor({ nodes, samples = [], timeDeltas = [], startTime, endTime }: Profiler.Profile): Buffer {
  const times = new Map<number, readonly [count: number, nanoseconds: number]>()
  for (const [i, id] of samples.entries()) {
    const [count, time] = times.get(id) ?? [0, 0]
    times.set(id, [count + 1, time + 1000 * Math.max(0, timeDeltas[i] ?? 0)])
  }
  const stacks = new Map<number, readonly Runtime.CallFrame[]>()
  // Who calls stands before whom it calls.
  for (const { id, callFrame, children = [] } of nodes) {
    const stack = [callFrame, ...(stacks.get(id) ?? [])]
    stacks.set(id, stack)
    for (const child of children) stacks.set(child, stack)
  }
  const measured = Array.from(times, ([id, values]) => ({ stack: stacks.get(id) ?? [], values }))
  const types: readonly ValueType[] = [['samples', 'count'], ['cpu', 'nanoseconds']] // biome-ignore format: pairs
  return write(
    types,
    measured.filter(({ stack }) => stack[0]?.functionName !== '(idle)'),
    1000 * (endTime - startTime),
  )
}

export function ofHeap({ head }: HeapProfiler.SamplingHeapProfile): Buffer {
  const found: Sample[] = []
  const collect = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode, above: Sample['stack']) => {
    const stack = [callFrame, ...above]
    if (selfSize > 0) found.push({ stack, values: [selfSize] })
    for (const child of children) collect(child, stack)
  }
  collect(head, [])
  return write([['inuse_space', 'bytes']], found, 0)
}

/** @param duration in nanoseconds */
function write(types: readonly ValueType[], samples: readonly Sample[], duration: number): Buffer {
  const texts = new Map([['', 0]])
  const textOf = (text: string) => numberIn(texts, text)
  const functions = new Map<string, number>()
  const fields: Buffer[] = types.map(([type, unit]) =>
    writeField(1, Buffer.concat([writeField(1, textOf(type)), writeField(2, textOf(unit))])),
  )
  /** A function is one location: its first line. */
  const locationOf = ({ functionName, url, lineNumber }: Runtime.CallFrame): number => {
    const known = functions.size
    const id = numberIn(functions, `${functionName} ${url}:${lineNumber}`, 1)
    if (functions.size === known) return id
    const name = textOf(functionName || '(anonymous)')
    const line = Math.max(0, lineNumber + 1)
    fields.push(
      writeField(5, Buffer.concat([writeField(1, id), writeField(2, name), writeField(4, textOf(url)), writeField(5, line)])),
      writeField(4, Buffer.concat([writeField(1, id), writeField(4, Buffer.concat([writeField(1, id), writeField(2, line)]))])),
    )
    return id
  }
  for (const { stack, values } of samples) {
    const calls = stack.filter(({ functionName }) => functionName !== '(root)').map(locationOf)
    fields.push(
      writeField(
        2,
        Buffer.concat([...calls.map(id => writeField(1, id)), ...values.map(value => writeField(2, Math.round(value)))]),
      ),
    )
  }
  fields.push(...Array.from(texts.keys(), text => writeField(6, text)))
  fields.push(writeField(9, Date.now() * 1e6), writeField(10, Math.round(duration)))
  return Buffer.concat(fields)
}

/** The number of `key`, the next one for a new key. */
function numberIn(numbers: Map<string, number>, key: string, first = 0): number {
  const number = numbers.get(key) ?? numbers.size + first
  numbers.set(key, number)
  return number
}

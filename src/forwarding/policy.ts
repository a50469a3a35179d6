/** In which order the upstreams are tried for one query. */
export type Policy = 'random' | 'round_robin' | 'sequential'

/** Gives an order for each query, over the same list. */
export function ordering<T>(policy: Policy, list: readonly T[]): () => readonly T[] {
  if (policy === 'sequential' || list.length < 2) return () => list
  if (policy === 'random') return () => shuffled(list)
  let turn = 0
  return () => {
    turn = (turn + 1) % list.length
    return [list[turn]!, ...list.slice(0, turn), ...list.slice(turn + 1)]
  }
}

/** Fisher-Yates. */
function shuffled<T>(list: readonly T[]): T[] {
  const order = [...list]
  for (let i = order.length - 1; i > 0; i--) {
    const j = (Math.random() * (i + 1)) | 0
    const item = order[i]!
    order[i] = order[j]!
    order[j] = item
  }
  return order
}

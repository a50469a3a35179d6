/** How long a server is waited for while another is left to be asked, in milliseconds. */
const PATIENCE = 2000

/**
 * Asks each server that is up, one after the other, until one answers. Where all are down all are asked: each says at once why.
 * @param end by `performance.now()`
 * @param ask one server, which has so many milliseconds
 * @returns what is answered; rejects with the error of the last
 */
export async function inTurn<S extends { readonly isDown: boolean }, A>(
  servers: readonly S[],
  end: number,
  ask: (server: S, milliseconds: number) => Promise<A>,
): Promise<A> {
  const up = servers.filter(({ isDown }) => !isDown)
  const order = up.length > 0 ? up : servers
  let cause: unknown
  for (const [i, server] of order.entries()) {
    const left = end - performance.now()
    if (left <= 0) break
    try {
      return await ask(server, i === order.length - 1 ? left : Math.min(left, PATIENCE))
    } catch (error) {
      cause = error
    }
  }
  throw cause ?? new Error('no healthy gRPC proxies')
}

import type { Listening } from '#src/transport/transport.ts'

/** `listen`, but what listens is closed at the end of its scope at the latest. */
export const closing =
  <Values extends unknown[]>(listen: (...values: Values) => Promise<Listening>) =>
  async (...values: Values): Promise<AsyncDisposable & { readonly port: number; close(): Promise<void> }> => {
    const listening = await listen(...values)
    let closed: Promise<void> | undefined
    const close = () => {
      closed ??= listening.close()
      return closed
    }
    return { port: listening.port, close, [Symbol.asyncDispose]: close }
  }

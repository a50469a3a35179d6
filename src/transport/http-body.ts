import type { Readable } from 'node:stream'

/** What a chunk takes besides its octets, of which it may have one. */
const CHUNK = 256

/** In octets: a message of DNS, and what gRPC puts around it. A body that is longer is not read to its end. */
const ENOUGH = 66_000

/** The body of a request, or what came of it. @param keep told what each chunk takes; says whether that is not too much */
export const bodyOf = (stream: Readable, keep: (octets: number) => boolean): Promise<Buffer> =>
  new Promise(resolve => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    stream
      .on('data', (chunk: Buffer) => {
        if (!keep(chunk.length + CHUNK)) {
          stream.destroy()
          return
        }
        chunks.push(chunk)
        length += chunk.length
        if (length < ENOUGH) return
        stream.pause()
        settle()
      })
      .once('end', settle)
      .once('close', settle)
      // From now on each chunk is heard of as it is read: there may be thousands of them in what comes at once.
      .read(0)
  })

/** Run with a mode and numbers of services and endpoints: an istiod, told over IPC what to change, and telling when it has written what. */
import type { TypeName } from '#src/feeds/istiod/types.ts'
import { assignmentOf, podOf, synthetic } from '#test/support/istiod/synthetic.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { clock } from './clock.ts'

/** What it is told: a service has another first endpoint. */
export interface Edit {
  readonly service: number
  readonly edition: number
}

/** A response that was written. */
export interface Written {
  readonly type: TypeName
  readonly octets: number
  /** When its first octet was about to be written, and its last one was, by {@link clock}. */
  readonly begun: number
  readonly ended: number
}

/** What it tells: where it listens, and what was written. */
type Told = { readonly port: number } | Written

const [mode, services, endpoints] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const tell = (told: Told): void => {
  process.send!(told)
}

const istiod = await TestIstiod.start({ ambient: mode === 'wds' })
istiod.onWritten = (type, octets, begun) => {
  const ended = clock()
  tell({ type, octets, begun: ended - (performance.now() - begun), ended })
}
for (const type of mode === 'wds' ? (['WDS'] as const) : (['NDS', 'CDS', 'EDS'] as const))
  istiod.hold(type, synthetic(type, services, endpoints))
tell({ port: istiod.port })

process.on('message', ({ service, edition }: Edit) => {
  if (mode === 'wds') istiod.push('WDS', [podOf(service, 0, edition)])
  else istiod.push('EDS', [assignmentOf(service, endpoints, edition)])
})

// The bench has ended.
process.on('disconnect', () => process.exit())

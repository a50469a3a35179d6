import type { Change } from '../report.ts'
import type { Request } from './request.ts'
import type { Resources } from './resources.ts'
import type { TypeName } from './types.ts'

/** The mesh as one kind of stream describes it, and how it is asked for. It outlives the streams that fill it. */
export interface View {
  /** What the server presents itself as to istiod. */
  readonly node: 'ztunnel' | 'sidecar'
  // biome-ignore lint/suspicious/noExplicitAny: what the resources are is the view's own affair
  readonly types: ReadonlyMap<TypeName, Resources<any>>
  /** A new stream begins: the first request of each type that is asked for at once. */
  begin(): readonly Request[]
  /** Whether the first response of this type on a stream says all there is. */
  isComplete(type: TypeName): boolean
  /** A response of this type was taken in. @returns what to ask for next */
  applied(type: TypeName): readonly Request[]
  /** Advice for the operator, logged once. */
  hint?: string | undefined
  /** What is not known yet; undefined when everything is. */
  readonly waiting: string | undefined
  /** Whether the stream that began last has told of every type. */
  readonly current: boolean
  /** Whether {@link take} has something to give. */
  readonly changed: boolean
  /** What has changed since it was taken last: about `most` changes. */
  take(most: number): Change[]
}

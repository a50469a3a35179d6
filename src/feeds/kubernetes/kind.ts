import type { Field, Skip } from '../objects/field.ts'
import type { Details } from './columns.ts'
import type { ClusterObject, KindName } from './objects.ts'
import type { ProtobufObject } from './protobuf-object.ts'
import type { Shape } from './shape.ts'

type Unversioned<T> = T extends unknown ? Omit<T, 'version'> & { readonly version?: string } : never

/** The version of the API that has a kind of custom resources. */
export const versionOf = ({ path }: Pick<Kind, 'path'>): string => path.split('/')[3]!

/** A kind of objects that is watched: where the API has it, which of its objects are asked for, and how each is read. */
export interface Kind {
  readonly name: KindName
  /** As the API and its permissions call it: `endpointslices.discovery.k8s.io`. */
  readonly resource: string
  /** The path of the API that lists them in all namespaces. */
  readonly path: string
  readonly labelSelector: string
  readonly fieldSelector: string
  /** Of what is kept only where somebody asked for it, what there is in this kind, and whether it is kept. */
  readonly details: Partial<Details>
  /** Where the kind need not exist: the name of the definition that brings it. */
  readonly definition?: string
  /** From JSON, or from what `shape` leaves; without its version. @throws {Invalid} */
  read(root: Field, skip: Skip): Unversioned<ClusterObject> | undefined
  /** How Protocol Buffers are read; custom resources have none. */
  readonly shape?: Shape
  /** Before `shape` and `read`, for objects as most are; undefined for others. */
  readonly plain?: ((item: ProtobufObject) => ClusterObject | undefined) | undefined
  /** In place of `shape` and `read`. @throws {Invalid} */
  readonly fromProtobuf?: (item: ProtobufObject, skip: Skip) => ClusterObject | undefined
}

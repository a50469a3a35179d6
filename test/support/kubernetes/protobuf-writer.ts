/** Objects of Kubernetes as Protocol Buffers, the fields that matter here (numbers: the `generated.proto` files of k8s.io/api). */
import { writeField } from '#src/protobuf-writer.ts'
import type { KubeObject } from './objects.ts'

type Write = (value: unknown) => Buffer | number
type Field = readonly [number: number, write: Write]
type Message = Readonly<Record<string, Field>>

const text: Write = value => Buffer.from(String(value))
const number: Write = value => Number(value)
const truth: Write = value => (value ? 1 : 0)
const message =
  (fields: Message): Write =>
  value =>
    encode(fields, value as Record<string, unknown>)
const entry = message({ key: [1, text], value: [2, text] })
const intOrString: Write = value =>
  encode(
    { type: [1, number], intVal: [2, number], strVal: [3, text] },
    typeof value === 'number' ? { type: 0, intVal: value, strVal: '' } : { type: 1, intVal: 0, strVal: value },
  )

const META: Message = {
  name: [1, text],
  generateName: [2, text],
  namespace: [3, text],
  uid: [5, text],
  resourceVersion: [6, text],
  deletionTimestamp: [9, () => Buffer.alloc(0)],
  labels: [11, entry],
  annotations: [12, entry],
}

const LOAD_BALANCER: Field = [
  3,
  message({ loadBalancer: [1, message({ ingress: [1, message({ ip: [1, text], hostname: [2, text] })] })] }),
]

const OBJECTS: Readonly<Record<string, Message>> = {
  Service: {
    metadata: [1, message(META)],
    spec: [
      2,
      message({
        ports: [
          1,
          message({
            name: [1, text],
            protocol: [2, text],
            port: [3, number],
            targetPort: [4, intOrString],
            nodePort: [5, number],
          }),
        ],
        selector: [2, entry],
        clusterIP: [3, text],
        type: [4, text],
        externalIPs: [5, text],
        sessionAffinity: [7, text],
        externalName: [10, text],
        publishNotReadyAddresses: [13, truth],
        clusterIPs: [18, text],
        ipFamilies: [19, text],
      }),
    ],
    status: LOAD_BALANCER,
  },
  Ingress: {
    metadata: [1, message(META)],
    spec: [2, message({ rules: [3, message({ host: [1, text] })], ingressClassName: [4, text] })],
    status: LOAD_BALANCER,
  },
  Node: {
    metadata: [1, message(META)],
    status: [3, message({ addresses: [5, message({ type: [1, text], address: [2, text] })] })],
  },
  EndpointSlice: {
    metadata: [1, message(META)],
    endpoints: [
      2,
      message({
        addresses: [1, text],
        conditions: [2, message({ ready: [1, truth], serving: [2, truth], terminating: [3, truth] })],
        hostname: [3, text],
        targetRef: [4, message({ kind: [1, text], namespace: [2, text], name: [3, text] })],
        nodeName: [6, text],
        zone: [7, text],
      }),
    ],
    ports: [3, message({ name: [1, text], protocol: [2, text], port: [3, number] })],
    addressType: [4, text],
  },
  Namespace: { metadata: [1, message(META)], spec: [2, message({})], status: [3, message({ phase: [1, text] })] },
  Pod: {
    metadata: [1, message(META)],
    spec: [
      2,
      message({
        containers: [2, message({ name: [1, text], ports: [6, message({ name: [1, text], containerPort: [3, number] })] })],
        nodeName: [10, text],
        hostNetwork: [11, truth],
        hostname: [16, text],
        subdomain: [17, text],
      }),
    ],
    status: [
      3,
      message({
        phase: [1, text],
        conditions: [2, message({ type: [1, text], status: [2, text] })],
        podIP: [6, text],
        podIPs: [12, message({ ip: [1, text] })],
      }),
    ],
  },
  Status: {
    status: [2, text],
    message: [3, text],
    reason: [4, text],
    details: [5, message({ retryAfterSeconds: [5, number] })],
    code: [6, number],
  },
}

/** Whether the kind has a form in Protocol Buffers; custom resources have none. */
export const hasProtobuf = (kind: string): boolean => kind in OBJECTS

/** As it stands alone in a body, and in an event. */
export function writeObject(object: KubeObject): Buffer {
  return wrap(object, encode(OBJECTS[object.kind]!, object))
}

export function writeList(
  kind: string,
  apiVersion: string,
  metadata: Record<string, string>,
  items: readonly KubeObject[],
): Buffer {
  const list: Message = {
    metadata: [1, message({ resourceVersion: [2, text], continue: [3, text] })],
    items: [2, message(OBJECTS[kind]!)],
  }
  return wrap({ kind: `${kind}List`, apiVersion }, encode(list, { metadata, items }))
}

/** A frame of a watch. */
export function writeEvent(type: string, object: KubeObject): Buffer {
  const event = encode(
    { type: [1, text], object: [2, message({ raw: [1, value => value as Buffer] })] },
    { type, object: { raw: writeObject(object) } },
  )
  const length = Buffer.alloc(4)
  length.writeUInt32BE(event.length)
  return Buffer.concat([length, event])
}

function wrap({ kind, apiVersion }: Pick<KubeObject, 'kind' | 'apiVersion'>, raw: Buffer): Buffer {
  const type = message({ apiVersion: [1, text], kind: [2, text] })
  return Buffer.concat([
    Buffer.from('k8s\0'),
    encode({ typeMeta: [1, type], raw: [2, value => value as Buffer] }, { typeMeta: { kind, apiVersion }, raw }),
  ])
}

function encode(fields: Message, object: Readonly<Record<string, unknown>>): Buffer {
  const parts: Buffer[] = []
  for (const [name, [field, write]] of Object.entries(fields)) {
    const value = object[name]
    if (value === undefined || value === null) continue
    const values =
      write === entry
        ? Object.entries(value).map(([key, held]) => ({ key, value: held }))
        : Array.isArray(value)
          ? value
          : [value]
    for (const one of values) parts.push(writeField(field, write(one)))
  }
  return Buffer.concat(parts)
}

/** Gateways and VirtualServices (networking.istio.io). */
import { Field, type Skip } from '../objects/field.ts'
import { idOf } from '../objects/mesh-objects.ts'
import { readExportTo, readMeta, readSelector } from '../objects/meta.ts'
import type { GatewayListener, IstioGateway, Route, RouteParent } from './objects.ts'
import { isIgnored, readPatterns } from './outside.ts'

export function readIstioGateway(root: Field, skip: Skip): Omit<IstioGateway, 'version'> {
  const { namespace, name } = readMeta(root)
  const spec = root.at('spec')
  return {
    kind: 'IstioGateway',
    namespace,
    name,
    listeners: spec
      .at('servers')
      .items()
      .flatMap(server => server.at('hosts').each(host => readListener(host, namespace), skip)),
    selector: readSelector(spec.at('selector')),
  }
}

/** `HOST`, or `NAMESPACE/HOST` for the routes of one namespace. */
function readListener(item: Field, own: string): GatewayListener {
  const [, namespace = '*', host] = /^(?:([^/]*)\/)?(.*)$/.exec(item.text())!
  const from = namespace === '*' ? '' : namespace === '.' ? own : namespace
  return { name: '', port: 0, host: new Field(host, item.path).pattern(), namespace: from }
}

/** The gateway that stands for the sidecars. */
const MESH = 'mesh'

export function readVirtualService(root: Field, skip: Skip): Omit<Route, 'version'> | undefined {
  if (isIgnored(root)) return undefined
  const { namespace, name } = readMeta(root)
  const spec = root.at('spec')
  const parents = spec
    .at('gateways')
    .each(item => readParent(item, namespace), skip)
    .filter(parent => parent !== undefined)
  if (parents.length === 0) return undefined
  return {
    kind: 'VirtualService',
    namespace,
    name,
    hosts: readPatterns(spec.at('hosts').items(), skip),
    parents,
    exportTo: readExportTo(spec),
  }
}

/** `NAME`, `NAMESPACE/NAME` where `.` is the own namespace, or, as it was written once, `NAME.NAMESPACE` with or without what follows that in a Service's name. */
function readParent(item: Field, own: string): RouteParent | undefined {
  const text = item.text()
  if (text === MESH) return undefined
  const [, namespace, name] = /^([^/]*)\/(.*)$/.exec(text) ?? []
  if (name !== undefined) return parentOf(namespace === '.' ? own : namespace!, name)
  const [first = '', second = own] = text.split('.')
  return parentOf(second, first)
}

const parentOf = (namespace: string, name: string): RouteParent => ({
  id: idOf({ kind: 'IstioGateway', namespace, name }),
  listener: '',
  port: 0,
})

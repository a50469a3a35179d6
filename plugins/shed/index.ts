import type { Plugin } from '#src/plugin.ts'

/** *shed* is what this server does anyway (see `BatchListener`): the word is there for Corefiles of CoreDNS. */
export const shed: Plugin<void> = {
  name: 'shed',
  parse: directive => directive.once().end(),
  create(_, { listeners }) {
    const other = listeners.find(label => !label.startsWith('dns://'))
    if (other !== undefined) throw new Error(`only plain DNS server blocks are supported, and this one has ${other}`)
    return {}
  },
}

import type { Plugin, PluginLoader } from '#src/plugin.ts'

/** A plugin of a test, as the server takes them. */
export const loaded = (plugin: Plugin): PluginLoader => ({ name: plugin.name, load: async () => plugin })

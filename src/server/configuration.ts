import { adviceOnDirective } from '../corefile/advice.ts'
import { Directive } from '../corefile/directive.ts'
import { type Label, parseLabel } from '../corefile/labels.ts'
import { nearestWord, Problem, type Token } from '../corefile/problem.ts'
import type { Block, Corefile } from '../corefile/tree.ts'
import type { Plugin, PluginLoader } from '../plugin.ts'
import { SERVED_SCHEMES, type ServedScheme } from './listeners.ts'

interface ServedLabel extends Label {
  readonly scheme: ServedScheme
}

/** A server block whose every word has been understood; nothing has been opened. */
export interface Configuration {
  readonly labels: readonly ServedLabel[]
  /** As text, in the order of the labels, each once. */
  readonly zones: readonly string[]
  /** In the order of the chain; with the word that names the plugin first. */
  readonly uses: readonly { plugin: Plugin; options: unknown; word: Token }[]
  /** Sentences about what was accepted but probably not meant. */
  readonly warnings: readonly string[]
}

/**
 * Loads the plugins that a Corefile names, and has each parse its directive.
 * @param plugins in the order of the chain
 * @param port where labels name none
 * @throws {Problem}
 */
export async function configure(corefile: Corefile, plugins: readonly PluginLoader[], port: number): Promise<Configuration[]> {
  const names = new Set(plugins.map(plugin => plugin.name))
  const words = corefile.blocks.flatMap(block => block.entries.map(({ word }) => word))
  for (const word of words) {
    if (names.has(word.text)) continue
    const about = { nearest: nearestWord(word.text, names), advice: adviceOnDirective(word.text) }
    throw new Problem(`Unknown directive '${word.text}'`, word, about)
  }
  const named = new Set(words.map(word => word.text))
  const loaded = await Promise.all(plugins.filter(({ name }) => named.has(name)).map(plugin => plugin.load()))
  return corefile.blocks.map(block => configureBlock(block, loaded, port))
}

function configureBlock(block: Block, plugins: readonly Plugin[], port: number): Configuration {
  const labels = block.labels.flatMap(label => parseLabel(label, port)).map(served)
  const zones = [...new Set(labels.map(label => label.zone))]
  const warnings: string[] = []
  const uses = plugins.flatMap(plugin => {
    const entries = block.entries.filter(entry => entry.word.text === plugin.name)
    const [first] = entries
    if (!first) return []
    const directive = new Directive(plugin.name, zones, entries)
    const options = plugin.parse(directive)
    warnings.push(...directive.warnings)
    return [{ plugin, options, word: first.word }]
  })
  return { labels, zones, uses, warnings }
}

function served(label: Label): ServedLabel {
  const { scheme, token } = label
  const known = SERVED_SCHEMES.find(name => name === scheme)
  if (!known) throw new Problem(`scheme '${scheme}://' is not served by this version`, token)
  return { ...label, scheme: known }
}

/** The files of the checkout, as the house rules read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface File {
  /** From the checkout's root: `plugins/hosts/index.ts`. */
  path: string
  text: string
}

export const read = (path: string): File => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })

/** Every file below a folder whose name ends so. */
export const filesOf = (folder: string, ending: string): File[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => read(relative(ROOT, join(entry.parentPath, entry.name))))
    .sort((a, b) => a.path.localeCompare(b.path))

/** The names of the folders in `plugins`. */
export const pluginFolders = (): string[] =>
  readdirSync(join(ROOT, 'plugins'), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort()

export interface Fence {
  language: string
  text: string
  /** The line of its first line of text, from 1. */
  line: number
}

/** The fenced blocks of a Markdown text. */
export function fencesOf(markdown: string): Fence[] {
  const fences: Fence[] = []
  for (const match of markdown.matchAll(/^(```|~~~) ?(\w*)\n([\s\S]*?)^\1$/gm)) {
    fences.push({ language: match[2]!, text: match[3]!, line: markdown.slice(0, match.index).split('\n').length + 1 })
  }
  return fences
}

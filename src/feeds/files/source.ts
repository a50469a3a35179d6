import { join, resolve } from 'node:path'
import { type ThreadSource, threadSource } from '../thread-feed.ts'

/**
 * Manifests in files and folders.
 * @param named files and folders as the operator named them
 * @param root the directory that relative names count from; empty for the working directory
 */
export function fileSource(named: readonly string[], root: string): ThreadSource {
  const paths = named.map(path => (root === '' ? path : resolve(root, path)))
  return threadSource({
    key: JSON.stringify(['file', ...paths.map(path => resolve(path))]),
    name: `file ${named.join(' ')}`,
    worker: new URL('./worker.ts', import.meta.url),
    data: { paths: paths.map(path => join(path)) },
  })
}

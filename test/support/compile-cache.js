/** Loaded before each test file: what the files before it compiled, types stripped, is not compiled again. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tests'))

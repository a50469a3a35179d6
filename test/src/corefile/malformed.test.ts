import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** A Corefile that cannot be served, and the one line that says why. */
interface Malformed {
  readonly name: string
  /** Contents by file name; `Corefile` is what the server is given. */
  readonly files: Readonly<Record<string, string>>
  /** `DIR` stands for the folder of the files. */
  readonly message: string
}

/**
 * Reads a table of cases: `=== name`, the lines of the Corefile, any number of other files that each begin with `--- NAME`, and at last
 * `>>> message`.
 */
function readTable(text: string): Malformed[] {
  return [...text.matchAll(/^=== (.*)\n([\s\S]*?)^>>> (.*)$/gm)].map(([, name, body, message]) => {
    const [corefile, ...others] = body!.split(/^--- (.*)\n/m)
    const files: Record<string, string> = { Corefile: corefile! }
    for (let i = 0; i < others.length; i += 2) files[others[i]!] = others[i + 1]!
    return { name: name!, files, message: message! }
  })
}

const doubled = Array.from({ length: 20 }, (_, i) => `(s${i + 1}) {\n  import s${i}\n  import s${i}\n}\n`).join('')
const label = 'a'.repeat(64)

/** What would be too long for a table. */
const long: Malformed[] = [
  {
    name: 'blocks in blocks in blocks',
    files: { Corefile: `. {\n${'a {\n'.repeat(1000)}${'}\n'.repeat(1000)}}\n` },
    message: 'Corefile:102 - Error during parsing: blocks are nested more than 100 deep (column 3)',
  },
  {
    name: 'snippets that multiply',
    files: { Corefile: `(s0) {\n  whoami\n}\n${doubled}. {\n  import s20\n}\n` },
    message: 'Corefile:5 - Error during parsing: maximum snippet import depth (10000) exceeded (column 10)',
  },
  {
    name: 'a label that is too long',
    files: { Corefile: `${label}.org {\n}\n` },
    message: `Corefile:1 - Error during parsing: error inspecting server blocks: zone is not a valid domain name: "${label}.org" has a label longer than 63 octets (column 1)`,
  },
  {
    name: 'a zone that is too long',
    files: { Corefile: `${'a.'.repeat(128)} {\n}\n` },
    message:
      'Corefile:1 - Error during parsing: error inspecting server blocks: specified zone is too long: 256 > 255 (column 1)',
  },
]

const main = fileURLToPath(import.meta.resolve('#src/start.js'))
const root = mkdtempSync(join(tmpdir(), 'malformed-'))
after(() => rmSync(root, { recursive: true }))

function write(files: Malformed['files']): string {
  const folder = mkdtempSync(join(root, 'case-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** What the program says about a folder's Corefile. */
function validate(folder: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const env = { ...process.env, COREFILE_LOOP: '{$COREFILE_LOOP}' }
  return new Promise(resolve =>
    execFile(process.execPath, [main, '-conf', 'Corefile', '-validate'], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    ),
  )
}

const tables = readdirSync(join(import.meta.dirname, 'malformed')).map(file => ({
  title: file.replace('.txt', ''),
  cases: readTable(readFileSync(join(import.meta.dirname, 'malformed', file), 'utf8')),
}))

for (const { title, cases } of [...tables, { title: 'beyond bounds', cases: long }]) {
  describe(`malformed: ${title}`, { concurrency: availableParallelism() }, () => {
    for (const { name, files, message } of cases) {
      test(name, async () => {
        const folder = write(files)
        assert.deepEqual(await validate(folder), { code: 1, stdout: '', stderr: `${message.replaceAll('DIR', folder)}\n` })
      })
    }
  })
}

test('there are at least 80 kinds', () => {
  const names = [...tables.flatMap(({ cases }) => cases), ...long].map(({ name }) => name)
  assert.ok(new Set(names).size >= 80, `${names.length}`)
  assert.equal(new Set(names).size, names.length)
})

test('a Corefile without a mistake is accepted in silence', async () => {
  const folder = write({ Corefile: '. {\n  import a.conf\n}\n', 'a.conf': 'whoami\n' })
  assert.deepEqual(await validate(folder), { code: 0, stdout: '', stderr: '' })
})

import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { parseScript } from './script.ts'
import { Stage } from './stage.ts'

for (const file of globSync(`${import.meta.dirname}/*.txt`).sort()) {
  test(basename(file, '.txt').replaceAll('-', ' '), async () => {
    const steps = parseScript(readFileSync(file, 'utf8'))
    await using stage = new Stage()
    for (const step of steps) {
      try {
        await stage.play(step)
      } catch (error) {
        throw new Error(`${basename(file)}:${step.line}: ${(error as Error).message}`, { cause: error })
      }
    }
  })
}

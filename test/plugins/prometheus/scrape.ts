/** A scrape, read strictly: what Prometheus would not take, or take for something else, fails the test. */
import assert from 'node:assert/strict'

export interface Scraped {
  readonly type: string
  readonly help: string
  /** By the sample's name with its labels, as exported. */
  readonly samples: ReadonlyMap<string, number>
}

const SAMPLE = /^([a-z_][a-z_\d]*(?:\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) ([+-]?Inf|[-+\d.e]+)$/

/** By metric. */
export function readExposition(text: string): Map<string, Scraped> {
  const metrics = new Map<string, Scraped & { samples: Map<string, number> }>()
  let current: { name: string; type: string; help: string; samples: Map<string, number> } | undefined
  for (const line of text.trimEnd().split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (kind === 'HELP') {
      current = { name, help: rest, type: '', samples: new Map() }
      assert.ok(!metrics.has(name), `${name} is there twice`)
      metrics.set(name, current)
    } else if (kind === 'TYPE') {
      assert.equal(name, current?.name)
      current!.type = rest
    } else if (line !== '') {
      const [, series = '', value] = SAMPLE.exec(line) ?? assert.fail(`not a sample: ${line}`)
      assert.ok(current && series.startsWith(current.name), line)
      assert.ok(!current.samples.has(series), `${series} is there twice`)
      current.samples.set(series, Number(value))
    }
  }
  return metrics
}

export async function scrape(port: number): Promise<Map<string, Scraped>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return readExposition(await response.text())
}

/** Run with names as arguments: asks the server on port 53 of this machine for the address of each, twice, then its usual side ports; prints what came as JSON. */
import { setTimeout as sleep } from 'node:timers/promises'
import { askUdp } from '#test/support/client.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'

export interface Probe {
  /** By name: rcode and answer records of both rounds. */
  answers: Record<string, { rcode: string; answer: string[] }[]>
  /** By URL: status and body. */
  pages: Record<string, { status: number; body: string }>
}

const PAGES = ['http://127.0.0.1:8080/health', 'http://127.0.0.1:8181/ready', 'http://127.0.0.1:9153/metrics']

/** A page as soon as its status is 200, or as it is after five seconds. */
async function page(url: string): Promise<{ status: number; body: string }> {
  for (const deadline = performance.now() + 5000; ; await sleep(50)) {
    const response = await fetch(url)
    const body = await response.text()
    if (response.ok || performance.now() > deadline) return { status: response.status, body }
  }
}

if (import.meta.main) {
  const probe: Probe = { answers: {}, pages: {} }
  for (const url of PAGES.slice(0, 2)) probe.pages[url] = await page(url)
  for (const name of process.argv.slice(2)) {
    const ask = async () => {
      const { rcode, answer } = readAnswer(await askUdp(queryMessage(name, 'A'), { port: 53 }))
      return { rcode, answer }
    }
    probe.answers[name] = [await ask(), await ask()]
  }
  for (const url of PAGES.slice(2)) probe.pages[url] = await page(url)
  process.stdout.write(JSON.stringify(probe))
}

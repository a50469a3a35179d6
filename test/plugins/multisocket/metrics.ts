/** The samples of a server's /metrics, each by its name and labels as they stand there: `coredns_x_total{thread="0"}`. */
export async function scrape(port: number): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const samples = text.matchAll(/^([^#\s][^\n]*?) (\S+)$/gm)
  return new Map(Array.from(samples, ([, sample, value]) => [sample!, Number(value)]))
}

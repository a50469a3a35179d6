/** The part of prom-client that writes the exposition format; importing the whole library takes 11 MB more. */
declare module 'prom-client/lib/registry.js' {
  export default class Registry {
    readonly contentType: string
    registerMetric(metric: {
      name: string
      get(): Promise<{
        name: string
        help: string
        type: string
        values: { metricName: string; labels: Record<string, string | number>; value: number }[]
      }>
    }): void
    metrics(): Promise<string>
  }
}

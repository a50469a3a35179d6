import type { Service } from './service.ts'

const depthOf = ({ key }: Service): number => key.split('/').length

/**
 * Services of one group: that of the shortest key, with those that are in none. All of them where that one is in none, or where
 * others of the same length are in another.
 */
export function grouped(services: readonly Service[]): readonly Service[] {
  let group = services[0]?.group ?? ''
  let depth = services[0] ? depthOf(services[0]) : 0
  /** Up to the first that is shorter and in none: behind it, CoreDNS looks no further. */
  const depths: number[] = []
  for (const service of services) {
    const own = depthOf(service)
    depths.push(own)
    if (own >= depth) continue
    if (service.group === '') break
    depth = own
    group = service.group
  }
  if (group === '') return services
  const isOther = (service: Service): boolean => service.group !== '' && service.group !== group
  if (services.some((service, i) => isOther(service) && depths[i] === depth)) return services
  return services.filter(service => !isOther(service))
}

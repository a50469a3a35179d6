import { keyBelow } from '#src/dns/name.ts'

/** The key of a service in a zone. */
export const serviceKey = ({ name, namespace }: { readonly name: string; readonly namespace: string }, zone: string): string =>
  keyBelow([name, namespace, 'svc'], zone)

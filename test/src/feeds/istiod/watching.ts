/** The feed of a test istiod. */
import type { Access } from '#src/feeds/istiod/access.ts'
import { type Istiod, istiodSource } from '#src/feeds/istiod/source.ts'
import { Watched } from '../watching.ts'

/** Who the tests are, and how they ask: in plain text. */
export const ACCESS: Access = {
  addresses: [],
  tls: undefined,
  token: undefined,
  apart: false,
  clusterId: 'Kubernetes',
  namespace: 'istio-system',
  network: undefined,
}

/** @param addresses of istiods, the first one first */
export const watchIstiod = (addresses: readonly string[], options: Partial<Istiod> = {}): Watched =>
  new Watched({}, folder => istiodSource({ ...ACCESS, addresses, mode: 'auto', ...options }, folder))

/** Waits until these are the hosts. */
export const has = (watched: Watched, ...hosts: readonly string[]): Promise<void> =>
  watched.until(() => watched.hosts.join() === hosts.join())

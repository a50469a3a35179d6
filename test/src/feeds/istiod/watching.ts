/** The feed of a test istiod. */
import { setTimeout as sleep } from 'node:timers/promises'
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

/** Waits until it is so, also where the feed has nothing to tell. @throws when it takes longer than `timeout` milliseconds */
export async function until(isTrue: () => boolean, timeout = 5000): Promise<void> {
  const late = performance.now() + timeout
  while (!isTrue()) {
    if (performance.now() > late) throw new Error(`not so within ${timeout} ms: ${isTrue}`)
    await sleep(5)
  }
}

/** Waits until these are the hosts. */
export const has = (watched: Watched, ...hosts: readonly string[]): Promise<void> =>
  watched.until(() => watched.hosts.join() === hosts.join())

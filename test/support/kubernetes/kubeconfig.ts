/** A kubeconfig file: the current context is for `server`, and one for each of `others` has its name. */
export const kubeconfigOf = (server: string, others: Readonly<Record<string, string>> = {}): string => {
  const servers = { main: server, ...others }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: Object.entries(servers).map(([name, url]) => ({ name, cluster: { server: url } })),
    users: [{ name: 'nobody', user: {} }],
    contexts: Object.keys(servers).map(name => ({ name, context: { cluster: name, user: 'nobody' } })),
    'current-context': 'main',
  })
}

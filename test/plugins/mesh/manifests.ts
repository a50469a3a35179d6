/** Manifests of one Service in one slice. */
export const backend = (addresses: readonly string[], name = 'backend'): string => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  clusterIP: 10.96.0.1
  ports:
  - { name: http, port: 80 }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-1
  labels: { kubernetes.io/service-name: ${name} }
addressType: IPv4
ports:
- { name: http, port: 8080 }
endpoints:
${addresses.map(address => `- addresses: [${address}]\n`).join('')}---
`

export const BACKEND = 'backend.default.svc.cluster.local.'

/** A block with the plugin for example.org, with names of others above it and *whoami* below it. */
export const corefileOf = (port: number, options: readonly string[], { zones = 'example.org', above = '' } = {}) => `.:0 {
    ${above}
    hosts {
        198.51.100.9 lb.example.net
        2001:db8::9 lb.example.net
        fallthrough
    }
    k8s_gateway ${zones} {
        endpoint http://127.0.0.1:${port}
${options.map(option => `        ${option}\n`).join('')}    }
    whoami
}
`

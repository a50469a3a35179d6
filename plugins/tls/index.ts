/** *tls* gives the block's listeners of `tls://`, `https://` and `grpc://` their certificate. */
import type { Plugin, TlsSettings } from '#src/plugin.ts'

interface Options {
  /** CERT, KEY and perhaps CA, as the operator named them. */
  readonly files: readonly string[]
  readonly client: TlsSettings['client']
}

/** Go's names of what a server wants of its clients. */
const CLIENT_AUTH = {
  nocert: { asked: false, needed: false, verified: false },
  request: { asked: true, needed: false, verified: false },
  require: { asked: true, needed: true, verified: false },
  verify_if_given: { asked: true, needed: false, verified: true },
  require_and_verify: { asked: true, needed: true, verified: true },
} as const

export const tls: Plugin<Options> = {
  name: 'tls',

  parse(directive) {
    const line = directive.once()
    if (line.peek() === 'acme') throw line.problem('acme is not supported: certificates are read from files')
    const files = [line.text('CERT'), line.text('KEY')]
    if (line.left > 0) files.push(line.text('CA'))
    let client: Options['client'] = CLIENT_AUTH.nocert
    line.options({
      client_auth: option => {
        client = CLIENT_AUTH[option.oneOf('client_auth', Object.keys(CLIENT_AUTH) as (keyof typeof CLIENT_AUTH)[])]
      },
    })
    line.end()
    return { files, client }
  },

  create({ files, client }, block) {
    const { cert, key, ca } = block.credentials('tls', files)
    block.tls = { cert: cert!, key: key!, ca, client }
    return {}
  },
}

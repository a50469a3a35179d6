import type { Source } from '#src/feeds/feed.ts'
import { type Istiod, istiodSource } from '#src/feeds/istiod/source.ts'
import type { Line } from '#src/plugin.ts'

type Said = { -readonly [option in keyof Istiod]: Istiod[option] }

/** What is said of one istiod, in its own line and in those below. */
export class IstiodOptions {
  readonly #line: Line
  readonly #istiod: Said

  /** @param line that of the source, with its addresses left */
  constructor(line: Line) {
    this.#line = line
    this.#istiod = {
      addresses: line.some('ADDRESS:PORT').map(text => parseAddress(line, text)),
      tls: undefined,
      token: undefined,
      clusterId: 'Kubernetes',
      namespace: 'istio-system',
      network: undefined,
      apart: false,
      mode: 'auto',
    }
  }

  /** Readers of the options, by their words. @param latest the source that they stand below */
  static readers(latest: () => IstiodOptions | undefined): Record<string, (option: Line) => void> {
    const of =
      (read: (istiod: Said, option: Line) => void) =>
      (option: Line): void => {
        const options = latest()
        if (!options) throw option.problem(`${option.word} stands below the source istiod that it is for`)
        read(options.#istiod, option)
      }
    return {
      istiod_tls: of((istiod, option) => {
        const certificate = option.left > 0 ? { cert: option.text('CERT'), key: option.text('KEY') } : undefined
        istiod.tls = { ...istiod.tls, ...(certificate && { certificate }) }
      }),
      istiod_ca: of((istiod, option) => {
        istiod.tls = { ...istiod.tls, ca: option.text('FILE') }
      }),
      istiod_server_name: of((istiod, option) => {
        istiod.tls = { ...istiod.tls, serverName: option.text('NAME') }
      }),
      istiod_token: of((istiod, option) => {
        istiod.token = option.text('FILE')
      }),
      istiod_mode: of((istiod, option) => {
        istiod.mode = option.oneOf('istiod_mode', ['auto', 'wds', 'eds'])
      }),
      cluster_id: of((istiod, option) => {
        istiod.clusterId = option.text('ID')
      }),
      namespace: of((istiod, option) => {
        istiod.namespace = option.text('NAMESPACE')
      }),
      network: of((istiod, option) => {
        istiod.network = option.text('NAME')
      }),
    }
  }

  /** @param apart whether another source reads the cluster that this process runs in @param root as for {@link istiodSource} */
  source(apart: boolean, root: string): Source {
    return istiodSource({ ...this.#istiod, apart }, root)
  }

  /** @throws {Problem} what is said does not go together */
  check(): void {
    if (this.#istiod.token !== undefined && !this.#istiod.tls)
      throw this.#line.problem('istiod_token is sent over TLS only: istiod_tls or istiod_ca is missing')
  }
}

/** A host may be a name; an IPv6 address stands in brackets. */
function parseAddress(line: Line, text: string): string {
  const match = /^(?:[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(text)
  if (!match || Number(match[1]) < 1 || Number(match[1]) > 65535)
    throw line.problem(`ADDRESS:PORT must be such as istiod.istio-system:15010: '${text}'`)
  return text
}

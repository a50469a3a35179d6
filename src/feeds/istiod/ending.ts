/** How calls end, in words that tell what to change. */
import { STATUS } from '../../grpc/status.ts'

/** Status codes of gRPC, and, below zero, of our own. */
export const CODE = {
  /** istiod ends connections from time to time, so that they spread over its replicas. */
  GOING_AWAY: -2,
  /** What came is no response of the protocol. */
  MALFORMED: -1,
  ...STATUS,
} as const

export interface Ending {
  readonly code: number
  readonly message: string
}

/** Whether istiod does not offer WDS: it refuses who says that it is a ztunnel. */
export const isWithoutAmbient = ({ code, message }: Ending): boolean => code === CODE.UNKNOWN && /ztunnel/i.test(message)

/** What was asked, and how. */
interface Asked {
  /** Whether TLS was spoken. */
  readonly secure: boolean
  /** Whether istiod has told anything before, in the same way. */
  readonly told: boolean
}

export function explain({ code, message }: Ending, asked: Asked): string {
  const advice = adviceOf(code, message, asked)
  return `${clean(message) || `status ${code}`}${advice === undefined ? '' : `: ${advice}`}`
}

function adviceOf(code: number, message: string, asked: Asked): string | undefined {
  switch (code) {
    case CODE.UNKNOWN:
      if (/ztunnel/i.test(message))
        return 'istiod offers no WDS: let it run with PILOT_ENABLE_AMBIENT=true, or set istiod_mode to auto or eds'
      return /not ready/i.test(message) ? 'istiod is still starting' : undefined
    case CODE.INVALID_ARGUMENT:
      return 'istiod does not accept what it is told of this server: check namespace and cluster_id'
    case CODE.PERMISSION_DENIED:
      return 'namespace must be that of the service account that the token or certificate is for'
    case CODE.RESOURCE_EXHAUSTED:
      return 'istiod takes no more at the moment: give it more replicas, or raise its PILOT_MAX_REQUESTS_PER_SECOND'
    case CODE.UNIMPLEMENTED:
      return 'what answers there is no istiod: check the address'
    case CODE.UNAVAILABLE:
      return adviceOnConnection(message, asked)
    case CODE.UNAUTHENTICATED:
      return asked.secure
        ? 'istiod_token must name a token that is valid and for the audience istio-ca, cluster_id the cluster that it is of, and istiod must reach the API server there'
        : 'this port wants TLS and a token: set istiod_tls and istiod_token'
    case CODE.MALFORMED:
      return 'what answers there is no istiod, or one of a version that is not known here'
    default:
      return undefined
  }
}

function adviceOnConnection(message: string, { secure, told }: Asked): string | undefined {
  if (/altnames/i.test(message)) return 'istiod_server_name must be a name that its certificate is for'
  if (/self.signed|issuer|verify|certificate/i.test(message)) return 'istiod_ca must name the file with its root certificate'
  if (/ENOTFOUND|EAI_AGAIN/.test(message)) return 'the name has no address: check it, and the resolver of this server'
  if (/ECONNREFUSED|no connection/.test(message)) return 'is istiod there, and is it the right port?'
  if (/SSL|wrong version|EPROTO/i.test(message)) return 'this port does not speak TLS as istiod does: 15012 does'
  if (!secure && !told && /closed|reset|protocol error/i.test(message))
    return 'a port that wants TLS, such as 15012, needs istiod_tls'
  return undefined
}

/** The start of a text that may be anything, on one line. */
const clean = (text: string): string =>
  text
    .slice(0, 300)
    .replace(/[^ -~]+/g, ' ')
    .trim()

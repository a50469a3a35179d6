/** How an algorithm signs, in the terms of JSON Web Keys and node:crypto. */
export interface Algorithm {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  /** Undefined where the algorithm hashes by itself. */
  readonly hash: string | undefined
  /** The curve, and the octets of a coordinate and of a private key; undefined for RSA. */
  readonly crv?: string
  readonly size?: number
}

/** The algorithms that CoreDNS signs with, by number (IANA "DNS Security Algorithm Numbers"). */
export const ALGORITHMS: ReadonlyMap<number, Algorithm> = new Map<number, Algorithm>([
  [5, { kty: 'RSA', hash: 'sha1' }],
  [7, { kty: 'RSA', hash: 'sha1' }],
  [8, { kty: 'RSA', hash: 'sha256' }],
  [10, { kty: 'RSA', hash: 'sha512' }],
  [13, { kty: 'EC', hash: 'sha256', crv: 'P-256', size: 32 }],
  [14, { kty: 'EC', hash: 'sha384', crv: 'P-384', size: 48 }],
  [15, { kty: 'OKP', hash: undefined, crv: 'Ed25519', size: 32 }],
])

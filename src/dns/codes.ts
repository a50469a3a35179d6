/** The IANA tables of the DNS parameters that this server names, as constants, and the texts that logs and metrics use. */

/** Resource record and query types (IANA "Resource Record (RR) TYPEs"), those that CoreDNS names. */
export const TYPE = {
  A: 1, NS: 2, MD: 3, MF: 4, CNAME: 5, SOA: 6, MB: 7, MG: 8, MR: 9, NULL: 10, PTR: 12, HINFO: 13, MINFO: 14, MX: 15, TXT: 16, RP: 17, AFSDB: 18,
  X25: 19, ISDN: 20, RT: 21, 'NSAP-PTR': 23, SIG: 24, KEY: 25, PX: 26, GPOS: 27, AAAA: 28, LOC: 29, NXT: 30, EID: 31, NIMLOC: 32, SRV: 33, ATMA: 34,
  NAPTR: 35, KX: 36, CERT: 37, DNAME: 39, OPT: 41, APL: 42, DS: 43, SSHFP: 44, IPSECKEY: 45, RRSIG: 46, NSEC: 47, DNSKEY: 48, DHCID: 49,
  NSEC3: 50, NSEC3PARAM: 51, TLSA: 52, SMIMEA: 53, HIP: 55, NINFO: 56, RKEY: 57, TALINK: 58, CDS: 59, CDNSKEY: 60, OPENPGPKEY: 61, CSYNC: 62, ZONEMD: 63,
  SVCB: 64, HTTPS: 65, SPF: 99, UINFO: 100, UID: 101, GID: 102, UNSPEC: 103, NID: 104, L32: 105, L64: 106, LP: 107, EUI48: 108, EUI64: 109, NXNAME: 128,
  TKEY: 249, TSIG: 250, IXFR: 251, AXFR: 252, MAILB: 253, MAILA: 254, ANY: 255, URI: 256, CAA: 257, AVC: 258, AMTRELAY: 260, RESINFO: 261, TA: 32768, DLV: 32769,
} as const // biome-ignore format: a table

export const CLASS = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const

export const RCODE = {
  NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8, NOTAUTH: 9, NOTZONE: 10,
  DSOTYPENI: 11, BADVERS: 16, BADKEY: 17, BADTIME: 18, BADMODE: 19, BADNAME: 20, BADALG: 21, BADTRUNC: 22, BADCOOKIE: 23,
} as const // biome-ignore format: a table

/** What a TSIG record says of another one (RFC 8945 §3). */
export const TSIG_ERROR = { NOERROR: 0, BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const
export type TsigError = keyof typeof TSIG_ERROR

/** EDNS option codes (IANA "DNS EDNS0 Option Codes"). */
export const OPTION = { NSID: 3, ECS: 8, COOKIE: 10, TCP_KEEPALIVE: 11, PADDING: 12, EDE: 15 } as const

/** Extended DNS errors (RFC 8914 §4). */
export const EXTENDED_ERROR = {
  STALE_ANSWER: 3, CACHED_ERROR: 13, NOT_READY: 14, BLOCKED: 15, FILTERED: 17, STALE_NXDOMAIN: 19, NO_REACHABLE_AUTHORITY: 22, INVALID_DATA: 24,
} as const // biome-ignore format: a table

/** IANA "Extended DNS Error Codes", in their order. */
const EXTENDED_ERRORS = [
  'Other Error', 'Unsupported DNSKEY Algorithm', 'Unsupported DS Digest Type', 'Stale Answer', 'Forged Answer', 'DNSSEC Indeterminate', 'DNSSEC Bogus',
  'Signature Expired', 'Signature Not Yet Valid', 'DNSKEY Missing', 'RRSIGs Missing', 'No Zone Key Bit Set', 'NSEC Missing', 'Cached Error', 'Not Ready',
  'Blocked', 'Censored', 'Filtered', 'Prohibited', 'Stale NXDOMAIN Answer', 'Not Authoritative', 'Not Supported', 'No Reachable Authority', 'Network Error',
  'Invalid Data', 'Signature Expired before Valid', 'Too Early', 'Unsupported NSEC3 Iterations Value', 'Unable to conform to policy', 'Synthesized',
  'Invalid Query Type',
] // biome-ignore format: a table

/** Header flags, as bits of the header's second 16-bit word (RFC 1035 §4.1.1, RFC 4035 §3). */
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, Z: 0x0040, AD: 0x0020, CD: 0x0010 } as const

const namesOf = (table: Record<string, number>): ReadonlyMap<string, number> => new Map(Object.entries(table))

/** The numbers by their names. */
export const TYPES = namesOf(TYPE)
export const CLASSES = namesOf(CLASS)
export const OPCODES = namesOf(OPCODE)
export const RCODES = namesOf({ ...RCODE, NOTIMPL: RCODE.NOTIMP, BADSIG: RCODE.BADVERS })

const invert = (table: Record<string, number>) => new Map(Object.entries(table).map(([name, code]) => [code, name]))
const types = invert(TYPE)
const classes = invert(CLASS)
const rcodes = invert(RCODE)

/** `A`, `AAAA`, …, or `TYPE666` where IANA's name is not known (RFC 3597 §5). */
export const typeName = (type: number): string => types.get(type) ?? `TYPE${type}`

/** `IN`, `CH`, …, or `CLASS42` (RFC 3597 §5). */
export const className = (code: number): string => classes.get(code) ?? `CLASS${code}`

/** `NOERROR`, `NXDOMAIN`, …, or the number. */
export const rcodeName = (rcode: number): string => rcodes.get(rcode) ?? String(rcode)

/** `Stale Answer`, …, or `extended error 99`. */
export const extendedErrorName = (code: number): string => EXTENDED_ERRORS[code] ?? `extended error ${code}`

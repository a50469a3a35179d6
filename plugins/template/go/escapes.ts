/** Texts for other languages, as Go writes them there. */

const HTML: Readonly<Record<string, string>> = {
  '\0': Buffer.from('\uFFFD').toString('latin1'),
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

export const escapeHtml = (octets: string): string => octets.replace(/[\0"'&<>]/g, octet => HTML[octet]!)

/** Characters outside ASCII that can be printed stay. */
export const escapeJavaScript = (octets: string): string =>
  Buffer.from(
    Buffer.from(octets, 'latin1')
      .toString()
      .replace(/[\\'"<>&=\p{Cc}]|\P{ASCII}/gu, character => {
        if (character === '\x7f') return character
        if (/[\\'"]/.test(character)) return `\\${character}`
        if (/(?=\P{ASCII})[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character
        return `\\u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
      }),
  ).toString('latin1')

/** A part of a URL's query. */
export const escapeQuery = (octets: string): string =>
  octets.replace(/[^A-Za-z0-9_.~-]/g, octet =>
    octet === ' ' ? '+' : `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )

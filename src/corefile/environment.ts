/** `{%NAME%}` comes first, as in CoreDNS. */
const REFERENCES = [/\{%([^%}]+)%\}/g, /\{\$([^}]+)\}/g]

/**
 * Puts the values of environment variables in the place of `{$NAME}` and `{%NAME%}`, those inside values included; what is not set is
 * empty. The result is one word whatever it holds.
 * @param unset gets the names of what is not set
 * @throws {RangeError} a value that refers to itself
 */
export function expandEnvironment(text: string, environment: NodeJS.ProcessEnv, unset: string[] = []): string {
  const expand = (part: string, reference: RegExp, within: readonly string[]): string =>
    part.replace(reference, (_, name: string) => {
      if (within.includes(name)) throw new RangeError(`environment variable ${name} refers to itself`)
      const value = Object.hasOwn(environment, name) ? environment[name] : undefined
      if (value === undefined) unset.push(name)
      return expand(value ?? '', reference, [...within, name])
    })
  return REFERENCES.reduce((result, reference) => expand(result, reference, []), text)
}

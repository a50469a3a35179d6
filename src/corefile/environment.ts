/** `{%NAME%}` comes first, as in CoreDNS. */
const REFERENCES = [/\{%([^%}]+)%\}/g, /\{\$([^}]+)\}/g]

/**
 * Puts the values of environment variables in the place of `{$NAME}` and `{%NAME%}`, those inside values included; what is not set is
 * empty. The result is one word whatever it holds.
 * @throws {RangeError} a value that refers to itself
 */
export const expandEnvironment = (text: string, environment: NodeJS.ProcessEnv): string =>
  REFERENCES.reduce((result, reference) => expand(result, reference, environment, []), text)

function expand(text: string, reference: RegExp, environment: NodeJS.ProcessEnv, within: readonly string[]): string {
  return text.replace(reference, (_, name: string) => {
    if (within.includes(name)) throw new RangeError(`environment variable ${name} refers to itself`)
    const value = Object.hasOwn(environment, name) ? environment[name]! : ''
    return expand(value, reference, environment, [...within, name])
  })
}

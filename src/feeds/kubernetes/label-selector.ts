/** Label selectors as people write them and the API takes them: `app=web, tier in (a, b), !canary`. */

const NAME = `[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`
const KEY = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}`
const VALUE = `(?:${NAME})?`
const REQUIREMENT = new RegExp(
  String.raw`^(?:!\s*${KEY}|${KEY}(?:\s*(?:==?|!=)\s*${VALUE}|\s+(?:not)?in\s*\(\s*${VALUE}(?:\s*,\s*${VALUE})*\s*\))?)$`,
)

/** The selector as the API takes it. @throws {Error} the requirement that is none */
export function readLabelSelector(text: string): string {
  // A comma between brackets stands between values.
  const requirements = text.split(/,(?![^(]*\))/).map(requirement => requirement.trim())
  for (const requirement of requirements)
    if (!REQUIREMENT.test(requirement))
      throw new Error(`'${requirement}' is not a requirement such as app=web, app in (a,b) or !app`)
  return requirements.join(',')
}

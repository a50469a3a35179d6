/** The way back: what the plugins below answered becomes the reply to the client's question. */
import { FLAG, TYPE } from '#src/dns/codes.ts'
import { toText } from '#src/dns/name.ts'
import type { WholeRecord } from '#src/dns/rebase.ts'
import { readTtl, readUint16, Sections } from '#src/dns/sections.ts'
import { type Handler, onReply, type Query, type Reply } from '#src/plugin.ts'
import { type Change, legalKey } from './change.ts'
import { Draft } from './draft.ts'
import type { Renaming } from './pattern.ts'
import type { Rewriting } from './rewriting.ts'
import { setTarget, targetOf } from './target.ts'
import type { ReadLabel } from './template.ts'

/**
 * @param asked what the reply is to
 * @param resolve asked for new targets of CNAMEs
 * @throws {IllegalName}
 */
export function restore(rewriting: Rewriting, asked: Query, reply: Reply, resolve: Handler): Reply | PromiseLike<Reply> {
  const { query, cnames } = rewriting
  const changes = rewriting.changes.toReversed()
  const rewritten = (draft: Draft): Sections => {
    for (const record of draft.records) rewrite(record, changes)
    return draft.sectionsFor(query)
  }
  for (const { rcode } of changes) if (rcode) reply.rcode = rcode(reply.rcode)
  const { ttl } = reply
  reply.following = reply.following?.map(sections => rewritten(new Draft(asked, { sections, ttl })))
  const isElsewhere = cnames.length > 0 && reply.sections.answerSpans.some(span => span.type === TYPE.CNAME)
  const isRenamed = asked.key !== query.key || changes.some(({ owner, target }) => owner || target)
  if (!isElsewhere && !isRenamed) return withTtls(reply, changes)
  if (!isElsewhere && isAboutQuestionAlone(reply.sections) && ownerBy(changes, asked.key) === query.key) {
    const { bytes, answers, authorities, additionals } = reply.sections
    reply.sections = new Sections(bytes, answers, authorities, additionals, query.questionEnd)
    return withTtls(reply, changes)
  }

  const draft = new Draft(asked, reply)
  const finish = (): Reply => {
    reply.sections = rewritten(draft)
    reply.ttl = undefined
    return reply
  }
  const target = newTarget(rewriting, draft)
  if (target === undefined) return finish()
  const derived = asked.derive(target, asked.type)
  return onReply(derived, resolve(derived), found => {
    draft.answers = [...draft.answers, ...new Draft(derived, found).answers]
    // Whether all is there is now for that reply to say.
    reply.flags = (reply.flags & ~FLAG.TC) | (found.flags & FLAG.TC)
    return finish()
  })
}

/** Whether the only name in the records is that of the question, as a pointer to it: such records stand behind any question. */
function isAboutQuestionAlone({ bytes, spans }: Sections): boolean {
  return spans.every(
    ({ start, fixed, type }) => fixed === start + 2 && readUint16(bytes, start) === 0xc00c && ADDRESSES.has(type),
  )
}

const ADDRESSES = new Set<number>([TYPE.A, TYPE.AAAA])

const ownerBy = (changes: readonly Change[], key: string): string =>
  changes.reduce((owner, change) => change.owner?.(owner) ?? owner, key)

function rewrite(record: WholeRecord, changes: readonly Change[]): void {
  let target = targetOf(record)
  const before = target
  record.owner = ownerBy(changes, record.owner)
  for (const change of changes) {
    if (change.target && target !== undefined) target = change.target(target)
    if (change.ttl) record.ttl = change.ttl(record.ttl)
  }
  if (target !== undefined && target !== before) setTarget(record, target)
}

/** The new target of the first CNAME that gets one, as key. What stood behind it is left out of the draft, and what stood before it and is no CNAME. */
function newTarget({ cnames, read }: Rewriting, draft: Draft): string | undefined {
  const aliases = draft.answers.filter(record => record.type === TYPE.CNAME)
  for (const [i, alias] of aliases.entries()) {
    const target = targetOf(alias)!
    const renamed = cnames.reduceRight((key, renaming) => retarget(key, renaming, read), target)
    if (renamed === target) continue
    setTarget(alias, renamed)
    draft.answers = aliases.slice(0, i + 1)
    return renamed
  }
  return undefined
}

function retarget(key: string, renaming: Renaming, read: ReadLabel): string {
  const name = toText(key)
  return renaming.matches({ key, name }) ? legalKey(renaming.rename(name, read) ?? name) : key
}

/** The reply with other TTLs; nothing else in it moves. */
function withTtls(reply: Reply, changes: readonly Change[]): Reply {
  if (!changes.some(({ ttl }) => ttl)) return reply
  const changed = (before: number) => changes.reduce((seconds, { ttl }) => ttl?.(seconds) ?? seconds, before)
  if (reply.ttl !== undefined) {
    reply.ttl = changed(reply.ttl)
    return reply
  }
  const { bytes, spans, answers, authorities, additionals, base } = reply.sections
  const copy = Buffer.from(bytes)
  for (const { fixed } of spans) copy.writeUInt32BE(changed(readTtl(bytes, fixed)), fixed + 4)
  reply.sections = new Sections(copy, answers, authorities, additionals, base)
  return reply
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { after, before, suite, test } from 'node:test'
import { type Context, readContext } from '#plugins/trace/b3.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { Collector, type Span } from './collector.ts'

const [TRACE, SPAN, PARENT] = ['463ac35c9f6413ad48485a3953bb6124', 'a2fb4a1d1a96d312', '0020000000000001']
const NONE: Context = { traceId: undefined, id: undefined, parentId: undefined, isSampled: undefined, isDebug: false }
const multiple = (fields: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`x-b3-${name}`, value]))

const CASES: readonly (readonly [headers: Readonly<Record<string, string>>, context: Partial<Context> | undefined])[] = [
  [{}, {}],
  [{ b3: '0' }, { isSampled: false }],
  [{ b3: 'd' }, { isDebug: true }],
  [{ b3: `${TRACE}-${SPAN}` }, { traceId: TRACE, id: SPAN }],
  [{ b3: `${TRACE}-${SPAN}-1-${PARENT}` }, { traceId: TRACE, id: SPAN, parentId: PARENT, isSampled: true }],
  [{ b3: `${TRACE.slice(16).toUpperCase()}-${SPAN}-d` }, { traceId: TRACE.slice(16), id: SPAN, isDebug: true }],
  [{ b3: `${'0'.repeat(16)}${TRACE.slice(16)}-${SPAN}-0` }, { traceId: TRACE.slice(16), id: SPAN, isSampled: false }],
  [{ b3: TRACE }, {}],
  [{ b3: 'nonsense', ...multiple({ sampled: '1' }) }, { isSampled: true }],
  [{ b3: `${TRACE}-${SPAN}`, ...multiple({ sampled: '0' }) }, { traceId: TRACE, id: SPAN }],
  [multiple({ traceid: TRACE, spanid: SPAN }), { traceId: TRACE, id: SPAN }],
  [multiple({ traceid: 'ABC', spanid: '1', parentspanid: '2', sampled: 'true' }), { traceId: '0000000000000abc', id: '0000000000000001', parentId: '0000000000000002', isSampled: true }],
  [multiple({ traceid: TRACE, spanid: SPAN, flags: '1', sampled: '0' }), { traceId: TRACE, id: SPAN, isDebug: true }],
  [multiple({ flags: '1' }), { isDebug: true }],
  [multiple({ traceid: '0', spanid: SPAN }), { id: SPAN }],
  [multiple({ traceid: TRACE }), undefined],
  [multiple({ traceid: TRACE, spanid: SPAN, sampled: 'maybe' }), undefined],
  [multiple({ traceid: `${TRACE}0`, spanid: SPAN }), undefined],
  [multiple({ traceid: TRACE, spanid: 'xyz' }), undefined],
  [multiple({ parentspanid: PARENT }), undefined],
] // biome-ignore format: a table

test('what headers say', () => {
  for (const [headers, context] of CASES)
    assert.deepEqual(readContext(headers), context && { ...NONE, ...context }, JSON.stringify(headers))
})

suite('queries over HTTPS are part of the trace that their requests are part of', {
  skip: !hasOpenssl() && 'openssl is not on this machine',
}, () => {
  let authority: Authority
  before(() => {
    authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
  })
  after(() => authority[Symbol.dispose]())

  const block = (port: number, collector: Collector, options: string) =>
    `https://.:${port} {\ntls ${authority.path('server.pem')} ${authority.path('server.key')}\ntrace ${collector.to} {\nzipkin_max_batch_interval 20ms\n${options}\n}\nwhoami\n}\n`

  /** What is sent of a query for each of the headers, one for the end. */
  async function asked(port: number, collector: Collector): Promise<Span[][]> {
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority.read('ca.pem') })
    await once(session, 'connect')
    const all = [...CASES.map(([headers]) => headers), { b3: `${'f'.repeat(16)}-${'e'.repeat(16)}-1` }]
    for (const [i, headers] of all.entries()) {
      const path = `/dns-query?dns=${queryMessage(`${i}.example.org`, 'A').toString('base64url')}`
      await session.request({ ':path': path, ...headers }).toArray()
    }
    session.destroy()
    const last = `${CASES.length}.example.org.`
    const roots = () => collector.spans.filter(({ kind }) => kind === 'SERVER')
    for (let count = 1; !roots().some(({ tags }) => tags!['coredns.io/name'] === last); count++) await collector.has(count)
    return CASES.map((_, i) => {
      const root = roots().find(({ tags }) => tags!['coredns.io/name'] === `${i}.example.org.`)
      const below = collector.spans.find(({ parentId, traceId }) => traceId === root?.traceId && parentId === root?.id)
      return root && below ? [root, below] : []
    })
  }

  /** Without what is made by chance. */
  const shape = ({ traceId, id, parentId, shared, debug, name }: Span, [headers]: (typeof CASES)[number], above?: Span) => {
    const said = (text: string | undefined) => {
      const digits = text?.replace(/^0+/, '')
      return digits && JSON.stringify(headers).toLowerCase().includes(digits) ? text : text && 'new'
    }
    return { name, shared, debug, traceId: said(traceId), id: said(id), parentId: above ? parentId === above.id : said(parentId) }
  }

  for (const options of ['', 'client_server'])
    test(`${options || 'below it'}`, async t => {
      await using ourCollector = await Collector.start()
      await using ours = new InProcessServer(block(0, ourCollector, options))
      await ours.server.start()
      const our = await asked(ours.port, ourCollector)
      const shapes = (spans: readonly Span[][]) =>
        spans.map(([root, below], i) => root && [shape(root, CASES[i]!), shape(below!, CASES[i]!, root)])
      const [, , , whole] = our
      assert.deepEqual([whole![0]!.traceId, options ? whole![0]!.id : whole![0]!.parentId], [TRACE, SPAN])
      assert.deepEqual(our[1], [])
      if (noCoreDns()) return t.diagnostic('coredns is not on this machine')
      await using theirCollector = await Collector.start()
      const port = await freePort()
      await using _theirs = await CoreDns.start(block(port, theirCollector, options))
      assert.deepEqual(shapes(our), shapes(await asked(port, theirCollector)))
    })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { view } from '#plugins/view/index.ts'
import { askUdp } from '#test/support/client.ts'
import { refuses } from '#test/support/directive.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { zone } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'

const block = (label: string, expressions: readonly string[] | undefined, answer: string, more = '') => `${label} {
  ${expressions === undefined ? '' : `view ${answer} {\n${expressions.map(expression => `expr ${expression}\n`).join('')}}`}
  prometheus localhost:0
  template IN TXT {
    answer "{{ .Name }} 60 IN TXT ${answer}"
  }
  ${more}
}
`

async function serve(corefile: string): Promise<InProcessServer> {
  const server = new InProcessServer(corefile)
  await server.server.start()
  return server
}

/** What a client at `from` is answered: text, or else the rcode. */
async function asked({ port }: { port: number }, name: string, { type = 'TXT', from = '127.0.0.1' } = {}): Promise<string> {
  const { answer, rcode } = readAnswer(await askUdp(queryMessage(name, type), { port, from }))
  return answer.map(record => /"(.*)"/.exec(record)?.[1]).join() || rcode
}

test('the first block whose expressions are all true answers, and behind them the one without', async () => {
  await using server = await serve(
    block('example.org:0', [`incidr(client_ip(), '127.0.1.0/24')`, `name() startsWith 'a'`], 'one') +
      block('example.org:0', [`incidr(client_ip(), '127.0.1.0/24')`], 'two') +
      block('example.org:0', undefined, 'rest'),
  )
  assert.equal(await asked(server, 'a.example.org', { from: '127.0.1.1' }), 'one')
  assert.equal(await asked(server, 'b.example.org', { from: '127.0.1.1' }), 'two')
  assert.equal(await asked(server, 'a.example.org', { from: '127.0.2.1' }), 'rest')
})

test('what no view takes goes to the zone above, and is refused without one', async () => {
  await using server = await serve(
    block('a.example.org:0', [`name() startsWith 'x'`], 'a') +
      block('example.org:0', [`name() startsWith 'x'`], 'shadow') +
      block('example.org:0', [`not (name() startsWith 'z')`], 'above'),
  )
  assert.equal(await asked(server, 'x.a.example.org'), 'a')
  assert.equal(await asked(server, 'y.a.example.org'), 'above')
  assert.equal(await asked(server, 'x.example.org'), 'shadow')
  assert.equal(await asked(server, 'z.a.example.org'), 'REFUSED')
  await using other = await serve(block('example.org:0', ['false'], 'none') + block('.:0', undefined, 'root'))
  assert.equal(await asked(other, 'example.org'), 'root')
})

test('DS of a zone is asked of the first block of the zone above that takes it, of another type the zone itself', async () => {
  const ds = (answer: string) => `template IN DS {\n answer "{{ .Name }} 60 IN TXT ${answer}"\n}`
  await using server = await serve(
    block('example.org:0', [`incidr(client_ip(), '127.0.1.0/24')`], 'own', ds('own')) +
      block('org:0', [`incidr(client_ip(), '127.0.2.0/24')`], 'other', ds('other')) +
      block('org:0', [`incidr(client_ip(), '127.0.1.1/32')`], 'parent', ds('parent')),
  )
  assert.equal(await asked(server, 'example.org', { type: 'DS', from: '127.0.1.1' }), 'parent')
  assert.equal(await asked(server, 'example.org', { from: '127.0.1.1' }), 'own')
  assert.equal(await asked(server, 'example.org', { type: 'DS', from: '127.0.1.2' }), 'own')
})

test('the target of a CNAME is looked up through the views of the client', async () => {
  const views = ['1', '2'].map(
    n => `example.org:0 {
  view v${n} {
    expr incidr(client_ip(), '127.0.${n}.0/24')
  }
  template IN A alias.example.org {
    answer "{{ .Name }} 60 IN CNAME www.example.net"
  }
}
example.net:0 {
  view v${n} {
    expr incidr(client_ip(), '127.0.${n}.0/24')
  }
  template IN A {
    answer "{{ .Name }} 60 IN A 192.0.2.${n}"
  }
}
`,
  )
  await using server = await serve(views.join(''))
  for (const n of [1, 2]) {
    const reply = await askUdp(queryMessage('alias.example.org', 'A'), { port: server.port, from: `127.0.${n}.1` })
    assert.equal(readAnswer(reply).answer.at(-1), `www.example.net. 60 IN A 192.0.2.${n}`)
  }
})

test('no view answers from the cache of another, nor after a reload', async () => {
  await using upstream = await startUpstream(zone('www.example.org. 300 IN A 192.0.2.1'))
  await using other = await startUpstream(zone('www.example.org. 300 IN A 192.0.2.2'))
  const corefile = (names: readonly string[], upstreams: readonly string[]) =>
    upstreams
      .map(
        (to, i) => `.:0 {
  view ${names[i]} {
    expr incidr(client_ip(), '127.0.${i + 1}.0/24')
  }
  cache
  forward . ${to}
}
`,
      )
      .join('')
  const ask = async (port: number, from: string) =>
    readAnswer(await askUdp(queryMessage('www.example.org', 'A'), { port, from })).answer.map(record => record.split(' ').at(-1))
  await using server = await serve(corefile(['one', 'two'], [`${upstream.to}`, `${other.to}`]))
  for (const _ of [1, 2]) {
    assert.deepEqual(await ask(server.port, '127.0.1.1'), ['192.0.2.1'])
    assert.deepEqual(await ask(server.port, '127.0.2.1'), ['192.0.2.2'])
  }
  const before = [upstream.seen.length, other.seen.length]
  server.corefile = `${server.corefile}# the same\n`
  await server.server.reload()
  assert.deepEqual(await ask(server.port, '127.0.1.1'), ['192.0.2.1'])
  assert.deepEqual(await ask(server.port, '127.0.2.1'), ['192.0.2.2'])
  assert.deepEqual([upstream.seen.length, other.seen.length], before, 'both caches were taken over')
  server.corefile = corefile(['two', 'two'], [`${upstream.to}`, `${other.to}`])
  await server.server.reload()
  assert.deepEqual(await ask(server.port, '127.0.1.1'), ['192.0.2.1'])
  assert.deepEqual(await ask(server.port, '127.0.2.1'), ['192.0.2.2'])
})

test('a reload changes what views take', async () => {
  await using server = await serve(block('.:0', [`name() == 'a.example.org.'`], 'view') + block('.:0', undefined, 'rest'))
  assert.equal(await asked(server, 'a.example.org'), 'view')
  server.corefile = block('.:0', [`name() == 'b.example.org.'`], 'view') + block('.:0', undefined, 'rest')
  await server.server.reload()
  assert.equal(await asked(server, 'a.example.org'), 'rest')
  assert.equal(await asked(server, 'b.example.org'), 'view')
})

test('several threads tell views apart', async () => {
  const more = 'multisocket 2'
  await using server = await startServer(
    block('.:0', [`incidr(client_ip(), '127.0.1.0/24')`], 'view', more) + block('.:0', undefined, 'rest', more),
  )
  for (let i = 0; i < 20; i++) {
    assert.equal(await asked(server, 'example.org', { from: '127.0.1.1' }), 'view')
    assert.equal(await asked(server, 'example.org'), 'rest')
  }
})

test('metrics name the view, and metadata does', async () => {
  await using server = await serve(`.:0 {
  metadata
  view inside {
    expr name() startsWith 'in' && metadata('view/name') == 'inside'
  }
  prometheus localhost:0
  log . "{name} {/view/name}"
  acl {
    block type MX
  }
  cache
  template IN A {
    answer "{{ .Name }} 60 IN A 192.0.2.1"
    fallthrough
  }
  script
}
${block('.:0', undefined, 'rest', 'log . "{name} {/view/name}"')}`)
  await server.query('in.example.org', 'A')
  assert.equal(server.lines.at(-1), '[INFO] in.example.org. inside')
  await server.query('in.example.org', 'MX')
  await server.query('in.example.org', 'AAAA')
  await server.query('out.example.org', 'TXT')
  assert.equal(server.lines.at(-1), '[INFO] out.example.org. -')
  for (const metric of [
    'coredns_dns_requests_total',
    'coredns_dns_responses_total',
    'coredns_dns_request_duration_seconds_count',
    'coredns_acl_blocked_requests_total',
    'coredns_acl_allowed_requests_total',
    'coredns_cache_misses_total',
    'coredns_template_matches_total',
  ])
    assert.ok(Number(await server.metric(metric, { view: 'inside' })) >= 1, metric)
  assert.equal(await server.metric('coredns_dns_requests_total', { view: '', zone: '.', type: 'TXT' }), 1)
  assert.equal(await server.metric('coredns_plugin_enabled', { view: 'inside', name: 'acl' }), 1)
  assert.equal(await server.metric('coredns_plugin_enabled', { view: '', name: 'acl' }), undefined)
})

test('an expression that fails, or is no bool, takes no query', async () => {
  await using server = await serve(
    block('.:0', [`incidr(name(), '10.0.0.0/8')`], 'fails') +
      block('.:0', ['size()'], 'number') +
      block('.:0', undefined, 'rest'),
  )
  assert.equal(await asked(server, 'example.org'), 'rest')
  assert.ok(server.lines.some(line => /number takes no queries: its expression is not a bool but int/.test(line)))
})

test('a view alone has nobody who answers', async () => {
  await using server = await startInProcess('view alone')
  assert.equal((await server.query('example.org')).rcode, 'SERVFAIL')
})

suite('blocks for one zone', () => {
  const validate = async (corefile: string) => {
    await using server = new InProcessServer(corefile)
    await server.server.start()
  }
  test('need a view, but for one of them', async () => {
    await assert.rejects(
      validate(`${block('.:0', undefined, 'a')}${block('.:0', ['true'], 'b')}${block('.:0', undefined, 'c')}`),
      /Corefile:\d+.* cannot serve dns:\/\/\.:0 - it is already defined at Corefile:1/,
    )
    await validate(`${block('.:0', undefined, 'a')}${block('.:0', ['true'], 'b')}${block('.:0', ['true'], 'b')}`)
  })
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['', /expected NAME/],
    ['a b', /expected no more arguments/],
    ['a {\n foo bar\n}', /unknown property 'foo'/],
    ['a {\n expr\n}', /expected EXPRESSION/],
    ['a {\n expr true\n expr invalid expression\n}', /Corefile:4.* EXPRESSION: unknown name invalid/],
    ["a {\n expr group('x') == ''\n}", /EXPRESSION: unknown name group/],
  ] as const)
    refuses(view, `view ${lines}`, message)
  refuses(view, 'view a\nview b', /this plugin can only be used once per Server Block/)
})

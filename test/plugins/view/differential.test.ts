/** CoreDNS chooses the same server block but for what the README tells. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { type QueryOptions, queryMessage, readMessage } from '#test/support/message.ts'

/** Each is a view of its own, for names that begin with its number. */
const expressions = [
  `incidr(client_ip(), '127.0.0.0/24')`,
  `incidr(client_ip(), '127.0.0.1/32') or incidr(client_ip(), '::1/128')`,
  `incidr(client_ip(), '2001:0DB8::/32')`,
  `client_ip() == '127.0.1.1'`,
  `client_ip() in ['127.0.0.1', '127.0.2.1']`,
  `type() in ['A', 'AAAA']`,
  `(type() == 'A' && name() endsWith '.example.com.') || client_ip() == '1.2.3.4'`,
  String.raw`name() matches '^[0-9]+\\..*\\.example\\.com\\.$'`,
  `class() == 'IN' and opcode() == 0 and id() == 7`,
  'do()',
  'not do() and bufsize() >= 1232',
  'bufsize() == 512',
  `proto() == 'udp' && server_port() != ''`,
  `server_ip() == '127.0.0.1'`,
  'size() > 60',
  `metadata('view/name') == 'v15'`,
  `metadata('none/such') == ''`,
  `incidr('x', '10.0.0.0/8')`,
  `not incidr('x', '10.0.0.0/8')`,
  `incidr(client_ip(), '10.0.0.0')`,
  'true',
  'false',
  '1',
  `'true'`,
  `name()`,
  `len(name()) > 20 ? type() == 'A' : type() == 'MX'`,
  `"any(['127.0.1.0/24', '127.0.2.0/24'], incidr(client_ip(), #))"`,
  `int(port()) > 1024 and int(port()) % 1 == 0`,
  `size() in 0..50`,
  `"(name() | split('.') | len()) > 4"`,
  `upper(name()) contains 'WWW'`,
]

const view = (i: number, expression: string, lines = '') => `. {
  bind 127.0.0.1
  metadata
  view v${i} {
    expr name() startsWith '${i}.'
    expr ${expression}
    ${lines}
  }
  template ANY ANY {
    answer "{{ .Name }} 60 IN TXT v${i}"
  }
}
`

const corefile = `${expressions.map((expression, i) => view(i, expression)).join('')}
a.com {
  bind 127.0.0.1
  view below {
    expr type() == 'A'
  }
  template ANY ANY {
    answer "{{ .Name }} 60 IN TXT below"
  }
}
com {
  bind 127.0.0.1
  view above {
    expr type() != 'MX'
  }
  template ANY ANY {
    answer "{{ .Name }} 60 IN TXT above"
  }
}
a.org {
  bind 127.0.0.1
  template ANY ANY {
    answer "{{ .Name }} 60 IN TXT first"
  }
}
a.org {
  bind 127.0.0.1
  view shadowed
  template ANY ANY {
    answer "{{ .Name }} 60 IN TXT second"
  }
}
alone.org {
  bind 127.0.0.1
  view alone
}
. {
  bind 127.0.0.1
  template ANY ANY {
    answer "{{ .Name }} 60 IN TXT rest"
  }
}
`

const clients: readonly (QueryOptions & { from?: string })[] = [
  {},
  { id: 7, from: '127.0.1.1' },
  { from: '127.0.2.1', edns: { udpSize: 1232 } },
  { edns: { udpSize: 4096, dnssecOk: true } },
]

suite('CoreDNS chooses the same', { skip: noCoreDns() ?? false }, () => {
  test('server block', async () => {
    await using theirs = await CoreDns.start(corefile)
    await using ours = new InProcessServer(corefile.replaceAll(/^(\S+) \{$/gm, '$1:0 {'))
    await ours.server.start()
    const names = [
      ...expressions.flatMap((_, i) => [`${i}.example.com`, `${i}.www.a.example.com`]),
      'x.a.com', 'a.com', 'x.com', 'a.org', 'x.a.org', 'alone.org', 'example.net',
    ] // biome-ignore format: a table
    const different: string[] = []
    for (const { from, ...options } of clients) {
      for (const name of names) {
        for (const type of ['A', 'MX', 'TXT']) {
          const told = async ({ port }: { port: number }) => {
            const { answer, rcode } = readMessage(
              await askUdp(queryMessage(name, type, options), { port, ...(from ? { from } : {}) }),
            )
            return `${rcode} ${answer.map(record => String(record).split(' ').at(-1))}`
          }
          const [their, our] = await Promise.all([told(theirs), told(ours)])
          if (our !== their) different.push(`${name} ${type} from ${from}: ${our} instead of ${their}`)
        }
      }
    }
    assert.deepEqual(different, [])
  })
})

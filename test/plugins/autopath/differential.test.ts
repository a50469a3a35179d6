/** CoreDNS's answers and this server's are equal but for what the READMEs tell. */
import { besideCoreDns } from '#test/plugins/kubernetes/beside-coredns.ts'

const names = [
  ...['', 'www.example.org.', 'backend.', 'gone.', 'cart.shop.', 'cart.shop.svc.', 'ext.', 'db.', 'a.b.c.'].map(
    name => `${name}default.svc.cluster.local.`,
  ),
  ...['www.example.org.shop.svc.cluster.local.', 'www.example.org.svc.cluster.local.', 'www.example.org.', 'cluster.local.'],
]

besideCoreDns(
  [
    {
      title: 'search lists of Pods',
      zones: 'cluster.local',
      options: ['pods verified'],
      more: 'autopath @kubernetes\n',
      names,
    },
  ],
  [
    [/^default\.svc\.cluster\.local\. /, 'the first domain is a name itself, and not one to be walked'],
    [/^ext\.\S+ (A|AAAA)$/, 'what is found at once has one CNAME'],
    [/^cluster\.local\. TXT$/, 'a name that exists has no TXT records, and exists'],
  ],
)

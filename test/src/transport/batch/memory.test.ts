/** The memory that C is given: layouts, and what garbage collections, freed memory and ending threads do to it, which is nothing. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { Bundles } from '#src/transport/batch/bundles.ts'
import { BATCH, Ring } from '#src/transport/batch/ring.ts'
import { written } from '#src/transport/transport.ts'
import { SEED } from '#test/support/random.ts'

const run = promisify(execFile)
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** As many datagrams as wanted for a long run. Memory that is let go too soon is missed within a few hundred collections, if they are full. */
const TORTURE = Number(process.env.TORTURE ?? 200_000)

suite(`a garbage collection on every turn, SEED=${SEED}`, { concurrency: true }, () => {
  for (const [address, count, full] of [
    ['127.0.0.1', TORTURE / 2, 100],
    ['::1', TORTURE / 2, 100],
    ['127.0.0.1', TORTURE / 20, 1],
  ] as const) {
    test(`${count} datagrams to ${address}, ${full === 1 ? 'all collections' : `one in ${full}`} full`, async () => {
      const args = ['--expose-gc', file('./torture.ts'), ...[address, count, SEED, full].map(String)]
      // What C frees is written over, too.
      const { stdout, stderr } = await run(process.execPath, args, { env: { ...process.env, MALLOC_PERTURB_: '165' } })
      const { sent, turns } = JSON.parse(stdout)
      assert.ok(sent >= count && turns > sent / 256, stdout)
      assert.equal(stderr, '', 'there is not even a warning')
    })
  }
})

for (const [end, code] of [
  ['exit', 3],
  ['throw', 1],
] as const) {
  test(`a worker thread that ends with open sockets does not take the process along: ${end}`, async () => {
    await using worker = new Worker(file('./worker.ts'))
    const [port] = await once(worker, 'message')
    await using socket = createSocket('udp4')
    socket.send('ping', port, '127.0.0.1')
    assert.equal(`${(await once(socket, 'message'))[0]}`, 'ping')
    const ended = new Promise(resolve => worker.on('error', () => {}).on('exit', resolve))
    socket.send(end, port, '127.0.0.1')
    assert.equal(await ended, code)
  })
}

/** Addresses in a ring that begins at `start`, read back. */
function addresses(start: bigint, kind: { wildcard?: boolean; connected?: boolean } = {}) {
  const ring = new Ring(() => start, kind)
  const memory = new DataView(ring.words.buffer)
  return {
    ring,
    at: (address: bigint) => memory.getBigUint64(Number(address - start), true),
    word: (address: bigint) => memory.getUint32(Number(address - start), true),
    size: BigInt(memory.byteLength),
  }
}

// The last one has the boundary of 4 GiB inside, where an address no longer fits into its lower word.
for (const start of [0x10000n, 0x7f12_3456_7000n, 0x7f12_ffff_e000n, 0x7f12_fffe_0000n]) {
  for (const wildcard of [false, true]) {
    test(`every address in a ring at 0x${start.toString(16)} leads into it, and nothing overlaps${wildcard ? ', with those of wildcard sockets' : ''}`, () => {
      const { ring, at, word, size } = addresses(start, { wildcard })
      const datagram = Buffer.from('datagram')
      const name = (i: number) => new Uint32Array(ring.nameWords).fill(i)
      for (let i = 0; i < BATCH; i++) assert.ok(ring.put(written(datagram), name(i), 0))
      assert.equal(ring.put(written(datagram), name(0), 0), false)
      const spans: [from: bigint, to: bigint][] = [[ring.scratchAt, ring.scratchAt + 64n]]
      for (const [headers, length] of [
        [ring.incoming, 4096],
        [ring.outgoing(0), datagram.length],
      ] as const) {
        for (let i = 0n; i < BATCH; i++) {
          const header = headers + i * 64n
          const iovec = at(header + 16n)
          assert.deepEqual([word(header + 8n), at(header + 24n)], [28, 1n])
          assert.equal(at(iovec + 8n), BigInt(length))
          spans.push(
            [header, header + 64n],
            [iovec, iovec + 16n],
            [at(header), at(header) + 28n],
            [at(iovec), at(iovec) + BigInt(length)],
          )
          const [control, room] = [at(header + 32n), at(header + 40n)]
          if (wildcard) {
            assert.ok(room <= 40n && (headers !== ring.incoming || room === 40n))
            spans.push([control, control + 40n])
          } else assert.deepEqual([control, room], [0n, 0n])
        }
      }
      spans.sort(([a], [b]) => (a < b ? -1 : 1))
      assert.ok(spans[0]![0] >= start && spans.at(-1)![1] <= start + size)
      for (let i = 1; i < spans.length; i++) assert.ok(spans[i]![0] >= spans[i - 1]![1])
      assert.equal(ring.outgoing(3), ring.outgoing(0) + 192n)
    })
  }
}

// What the kernel tells, as words behind the sockaddr: cmsg_len, level, type, then in_pktinfo or in6_pktinfo.
for (const [family, told, sent, room] of [
  ['IPv4', [28, 0, 0, 8, 7, 0x0200007f, 0x0200007f], [28, 0, 0, 8, 0, 0x0200007f, 0x0200007f], 32],
  ['IPv6', [36, 0, 41, 50, 1, 2, 3, 4, 7], [36, 0, 41, 50, 1, 2, 3, 4, 0], 40],
] as const) {
  test(`a reply goes from the address that the datagram came to, through any interface: ${family}`, () => {
    const { ring, at, word } = addresses(0n, { wildcard: true })
    const received = at(ring.incoming + 32n)
    ring.words.set(told, Number(received) / 4)
    ring.words[Number(ring.incoming + 40n) / 4] = room
    ring.message(0)
    assert.equal(word(ring.incoming + 40n), 40, 'there is room for the next again')
    ring.put(written(Buffer.of(1)), ring.words, ring.sender(0))
    const [control, length] = [at(ring.outgoing(0) + 32n), at(ring.outgoing(0) + 40n)]
    assert.equal(length, BigInt(room))
    assert.deepEqual([...ring.words.subarray(Number(control) / 4, Number(control) / 4 + sent.length)], sent)
    // The next datagram came without.
    ring.words[Number(ring.incoming + 40n) / 4] = 0
    ring.message(0)
    ring.put(written(Buffer.of(2)), ring.words, ring.sender(0))
    assert.equal(at(ring.outgoing(1) + 40n), 0n)
  })
}

test('to a peer, what is bundled is parted again, from any message on; nothing is told of the peer, and no octet moves', () => {
  const { ring, at, word } = addresses(0x7f12_ffff_8000n, { connected: true })
  const bundles = new Bundles(ring)
  const lengths = [40, 50, 600, 50, 40, 50, 600, 0]
  for (const length of lengths) assert.ok(ring.put(written(Buffer.alloc(length))))
  const datagrams = (i: number) => {
    const header = ring.outgoing(i)
    assert.equal(at(header), 0n)
    return Array.from({ length: Number(at(header + 24n)) }, (_, k) => {
      const iovec = at(header + 16n) + BigInt(k) * 16n
      return { from: at(iovec), length: Number(at(iovec + 8n)) }
    })
  }
  const all = () => Array.from({ length: bundles.messages }, (_, i) => datagrams(i))
  const before = lengths.map((_, i) => datagrams(i)[0]!)
  bundles.form(true)
  const formed = all()
  assert.deepEqual(
    formed.map(message => message.map(({ length }) => length)),
    [[50, 50, 50, 40], [600], [40], [600], [0]],
  )
  assert.deepEqual(new Set(formed.flat().map(({ from }) => from)), new Set(before.map(({ from }) => from)))
  const header = ring.outgoing(0)
  const control = at(header + 32n)
  // cmsg_len, SOL_UDP, UDP_SEGMENT, and how long each one is
  assert.deepEqual([at(header + 40n), at(control), word(control + 8n), word(control + 12n)], [24n, 18n, 17, 103])
  assert.equal(word(control + 16n), 50)
  assert.equal(bundles.part(1), 4)
  assert.deepEqual(
    all(),
    formed.flat().map(one => [one]),
  )
  bundles.form(true)
  assert.equal(bundles.part(0), 0)
  assert.equal(bundles.messages, lengths.length)
  for (let i = 0; i < lengths.length; i++) assert.equal(at(ring.outgoing(i) + 40n), 0n)
  bundles.dissolve()
  ring.clear()
  for (let i = 0; i < BATCH; i++) assert.ok(ring.put(written(Buffer.alloc(40))))
  assert.equal(ring.put(written(Buffer.alloc(1))), false)
})

for (const wildcard of [false, true]) {
  test(`a bundle is all that goes to one receiver in one length${wildcard ? ', from one address' : ''}`, () => {
    const memory = addresses(0x7f12_fffe_0000n, { wildcard })
    const { ring, at, word } = memory
    const bundles = new Bundles(ring)
    // 3 receivers by turns, with datagrams of two lengths, and some that are too long or have no octets.
    const receiver = (i: number) => {
      const name = new Uint32Array(ring.nameWords)
      name.set([(i % 3) << 24, i % 3])
      if (wildcard) name.set([28, 0, 0, 8, 0, i < 30 ? 1 : 2], 8)
      return name
    }
    const datagrams = Array.from({ length: BATCH }, (_, i) => new Uint8Array(i >= 56 ? 16 : 8).fill(i))
    for (const i of [6, 9]) datagrams[i] = new Uint8Array(513).fill(i)
    for (const i of [12, 15]) datagrams[i] = new Uint8Array(0)
    const put = () => {
      for (const [i, datagram] of datagrams.entries()) assert.ok(ring.put(written(datagram), receiver(i), 0))
    }
    put()
    const headers = () =>
      Array.from({ length: BATCH }, (_, i) => [0n, 16n, 24n, 40n].map(member => at(ring.outgoing(i) + member)))
    const before = headers()
    bundles.form(true)
    const expected = Map.groupBy(datagrams.keys(), i => {
      const { length } = datagrams[i]!
      return length === 0 || length > 512 ? `${i}` : `${length} to ${receiver(i)}`
    })
    assert.equal(bundles.messages, expected.size)
    for (const [message, members] of [...expected.values()].entries()) {
      // Behind the address that an IPv4 datagram came to, nothing is told.
      const told = (name: Uint32Array) => name.subarray(0, 15)
      assert.deepEqual(
        bundles.take(message).map(({ datagram, name }) => [datagram, told(name)]),
        members.map(i => [datagrams[i]!, told(receiver(i))]),
      )
      assert.equal(bundles.count(message), members.length)
      const header = ring.outgoing(message)
      const own = wildcard ? 32n : 0n
      assert.equal(at(header + 40n), own + (members.length > 1 ? 24n : 0n))
      if (members.length === 1) continue
      const control = at(header + 32n) + own
      // cmsg_len, SOL_UDP, UDP_SEGMENT, and how long each one is
      const { length } = datagrams[members[0]!]!
      assert.deepEqual([at(control), word(control + 8n), word(control + 12n), word(control + 16n)], [18n, 17, 103, length])
    }
    bundles.dissolve()
    ring.clear()
    put()
    assert.deepEqual(headers(), before)
  })
}

test('a bundle ends in a shorter datagram to the same receiver, whichever came first', () => {
  const { ring, at, word } = addresses(0x7f12_fffe_0000n)
  const bundles = new Bundles(ring)
  const to = (receiver: number) => new Uint32Array(ring.nameWords).fill(receiver << 24, 1, 2)
  const datagrams = [40, 30, 40, 20, 50, 50, 600, 10, 0, 7].map((length, i) => new Uint8Array(length).fill(i))
  const put = () => {
    for (const [i, datagram] of datagrams.entries()) assert.ok(ring.put(written(datagram), to(i < 9 ? 1 : 2)))
  }
  put()
  const headers = () => datagrams.map((_, i) => [0n, 16n, 24n, 40n].map(member => at(ring.outgoing(i) + member)))
  const before = headers()
  bundles.form(true)
  const formed = Array.from({ length: bundles.messages }, (_, i) =>
    bundles.take(i).map(({ datagram, name }) => [name[1]! >>> 24, ...datagram.subarray(0, 1), datagram.length]),
  )
  assert.deepEqual(formed, [
    [[1, 0, 40], [1, 2, 40], [1, 1, 30]],
    [[1, 4, 50], [1, 5, 50], [1, 3, 20]],
    [[1, 6, 600]],
    [[1, 7, 10]],
    [[1, 0]],
    [[2, 9, 7]],
  ]) // biome-ignore format: a message a line
  // How long all datagrams of a message are but the last.
  assert.deepEqual(
    [0, 1].map(i => word(at(ring.outgoing(i) + 32n) + 16n)),
    [40, 50],
  )
  bundles.dissolve()
  ring.clear()
  put()
  assert.deepEqual(headers(), before)
})

test('a ring takes replies of 65,536 octets in all', () => {
  const ring = new Ring(() => 0n)
  const name = new Uint32Array(7)
  assert.ok(ring.put(written(Buffer.alloc(65_000)), name, 0))
  assert.ok(ring.put(written(Buffer.alloc(536)), name, 0))
  assert.equal(ring.put(written(Buffer.alloc(1)), name, 0), false)
  ring.clear()
  assert.ok(ring.put(written(Buffer.alloc(65_536)), name, 0))
  ring.clear()
  assert.equal(ring.put(written(Buffer.alloc(65_537)), name, 0), false)
})

test('who writes a datagram cannot reach what else is in the memory', () => {
  const { ring } = addresses(0x7f12_fffe_0000n)
  const before = ring.words.slice()
  ring.put({ longest: 1, write: target => target.fill(0xff) && 1 }, new Uint32Array(7))
  const changed = ring.words.entries().filter(([i, word]) => word !== before[i] && word === 0xffffffff)
  assert.equal([...changed].length, 65_536 / 4)
})

test('a length that no receive buffer has is not believed', () => {
  const { ring } = addresses(0n)
  ring.words[56 / 4] = 0xffffffff
  assert.equal(ring.message(0).length, 4096)
})

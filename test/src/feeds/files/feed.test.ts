import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileSource } from '#src/feeds/files/source.ts'
import { until } from '#test/support/waiting.ts'
import { service, Watched } from '../watching.ts'

const A = 'a.default.svc vips 10.0.0.1'
const A2 = 'a.default.svc vips 10.0.0.2'
const B = 'b.default.svc vips 10.0.0.1'

/** Lets milliseconds pass without a turn of the event loop, which may take longer than a file that is being written is waited for. */
const pause = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)

/** Repeats a round that failed while `limit` milliseconds, or more, passed between two calls of `lap`: a busy machine was slower than the test has to be. */
async function inTime(limit: number, round: (lap: () => void) => Promise<void>): Promise<void> {
  for (let i = 1; ; i++) {
    let [last, longest] = [Number.POSITIVE_INFINITY, 0]
    const lap = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
    try {
      return await round(lap)
    } catch (error) {
      if (longest < limit || i === 5) throw error
    }
  }
}

suite('a folder', () => {
  test('is read whole before the feed is complete', async () => {
    const files = {
      'a.yaml': service('a'),
      'b.yml': service('b'),
      'c.json': '{ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "c" } }',
    }
    await using watched = new Watched({ ...files, 'd.txt': service('d'), '.e.yaml': service('e'), 'sub/f.yaml': service('f') })
    await watched.feed.completed
    assert.deepEqual(watched.hosts, [A, B, 'c.svc namespace'])
    assert.deepEqual(Object.fromEntries(watched.feed.objects), { Service: 2, Namespace: 1 })
    assert.deepEqual(watched.log, [])
  })

  test('is followed when files come, change and go', async () => {
    await using watched = new Watched({ 'a.yaml': service('a') })
    await watched.has(A)
    watched.write('b.yaml', service('b'))
    await watched.has(A, B)
    watched.write('a.yaml', service('a', '10.0.0.2'))
    await watched.has(A2, B)
    watched.replace('a.yaml', service('a'))
    await watched.has(A, B)
    unlinkSync(watched.path('a.yaml'))
    await watched.has(B)
    renameSync(watched.path('b.yaml'), watched.path('c.yaml'))
    watched.write('a.yaml', service('a'))
    await watched.has(A, B)
    assert.deepEqual(watched.removed, ['Service default/a'])
  })

  test('that is not there yet is waited for', async () => {
    await using watched = new Watched({}, folder => fileSource([`${folder}/later`], ''))
    await watched.until(() => /no such file/.test(watched.feed.waiting))
    assert.equal(watched.feed.complete, false)
    assert.equal(watched.feed.current, undefined)
    watched.write('later/a.yaml', service('a'))
    await watched.feed.completed
    assert.deepEqual(watched.hosts, [A])
  })

  test('that vanishes leaves what it said, and is followed again when it is back', async () => {
    await using watched = new Watched({ 'folder/a.yaml': service('a') }, folder => fileSource([`${folder}/folder`], ''))
    await watched.has(A)
    rmSync(watched.path('folder'), { recursive: true })
    await watched.until(() => watched.log.some(text => /folder cannot be read, what it said before stays/.test(text)))
    await wait(100)
    assert.deepEqual(watched.hosts, [A])
    watched.write('folder/a.yaml', service('a', '10.0.0.2'))
    await watched.has(A2)
    await wait(50)
    watched.write('folder/a.yaml', service('a'))
    await watched.has(A)
  })

  test('that is exchanged for another is followed in its place', async () => {
    await using watched = new Watched({ 'folder/a.yaml': service('a'), 'next/a.yaml': service('a', '10.0.0.2') }, folder =>
      fileSource([`${folder}/folder`], ''),
    )
    await watched.has(A)
    renameSync(watched.path('folder'), watched.path('last'))
    renameSync(watched.path('next'), watched.path('folder'))
    await watched.has(A2)
    await wait(50)
    watched.write('folder/a.yaml', service('a'))
    await watched.has(A)
    assert.deepEqual(watched.removed, [])
  })

  test('mounted from a ConfigMap is followed over the swap of its data', async () => {
    await using watched = new Watched({ '..v1/a.yaml': service('a'), '..v1/b.yaml': service('b') }, folder => {
      symlinkSync('..v1', `${folder}/..data`)
      for (const file of ['a.yaml', 'b.yaml']) symlinkSync(`..data/${file}`, `${folder}/${file}`)
      return fileSource([folder], '')
    })
    await watched.has(A, B)
    for (const address of ['10.0.0.2', '10.0.0.1']) {
      watched.write(`..${address}/a.yaml`, service('a', address))
      watched.write(`..${address}/b.yaml`, service('b'))
      symlinkSync(`..${address}`, watched.path('..new'))
      renameSync(watched.path('..new'), watched.path('..data'))
      rmSync(watched.path('..v1'), { recursive: true, force: true })
      await watched.has(`a.default.svc vips ${address}`, B)
    }
    assert.deepEqual(watched.removed, [])
  })

  test('is followed through symbolic links to files elsewhere', async () => {
    await using watched = new Watched({ 'real/a': service('a'), 'folder/x': '' }, folder => {
      symlinkSync('../real/a', `${folder}/folder/a.yaml`)
      return fileSource([`${folder}/folder`], '')
    })
    await watched.has(A)
    // Only a sign of the change can tell of it now.
    await wait(50)
    watched.write('real/a', service('a', '10.0.0.2'))
    await watched.has(A2)
  })
})

suite('a file', () => {
  test('named by itself is followed, whatever happens beside it', async () => {
    await using watched = new Watched({ 'a.txt': service('a') }, folder => fileSource([`${folder}/a.txt`], ''))
    await watched.has(A)
    watched.write('b.yaml', service('b'))
    watched.replace('a.txt', service('a', '10.0.0.2'))
    await watched.has(A2)
    renameSync(watched.path('a.txt'), watched.path('c.txt'))
    await watched.until(() => watched.log.some(text => /a\.txt cannot be read/.test(text)))
    const lost = performance.now()
    assert.deepEqual(watched.hosts, [A2])
    assert.ok(watched.feed.current! < lost)
    renameSync(watched.path('c.txt'), watched.path('a.txt'))
    await until(
      () => watched.feed.current! >= lost,
      () => wait(10),
    )
    assert.deepEqual([watched.hosts, watched.removed], [[A2], []])
  })

  test('that is emptied keeps its objects until it is clear that it stays empty', async () => {
    await using watched = new Watched({ 'a.yaml': service('a') })
    await watched.has(A)
    for (const text of ['', '# to be written\n---\n']) {
      watched.write('a.yaml', text)
      await wait(300)
      assert.deepEqual(watched.hosts, [A])
      watched.write('a.yaml', service('a'))
    }
    truncateSync(watched.path('a.yaml'))
    const start = performance.now()
    await watched.until(() => watched.hosts.length === 0)
    assert.ok(performance.now() - start > 1500)
  })

  test('that is written bit by bit is read when it is whole', () =>
    inTime(15, async lap => {
      await using watched = new Watched({ 'a.yaml': service('a') + service('b') })
      await watched.has(A, B)
      const file = openSync(watched.path('a.yaml'), 'w')
      const text = service('a', '10.0.0.2') + service('b') + service('c')
      for (let at = 0; at < text.length; at += 16) {
        writeSync(file, text.slice(at, at + 16))
        lap()
        pause(1)
      }
      closeSync(file)
      await watched.has(A2, B, 'c.default.svc vips 10.0.0.1')
      assert.deepEqual([watched.removed, watched.log], [[], []])
    }))

  test('that goes and comes back at once never takes its objects away', () =>
    inTime(50, async lap => {
      await using watched = new Watched({ 'a.yaml': service('a') })
      await watched.has(A)
      lap()
      renameSync(watched.path('a.yaml'), watched.path('a.yaml~'))
      pause(10)
      watched.write('a.yaml', service('a', '10.0.0.2'))
      lap()
      await watched.has(A2)
      assert.deepEqual(watched.removed, [])
    }))

  test('with a mistake is named with its line, counted, and what it defined stays', async () => {
    await using watched = new Watched({ 'a.yaml': service('a') })
    await watched.has(A)
    watched.write('a.yaml', `${service('a', '10.0.0.2')}kind: Service\nmetadata: [`)
    await watched.has(A2)
    await watched.until(() => watched.log.length > 0)
    assert.match(watched.log[0]!, /^\[ERROR\] \S+\/a\.yaml:7: /)
    assert.equal(watched.feed.rejected, 1)
    watched.write('a.yaml', 'kind: [')
    await watched.until(() => watched.log.length > 1)
    assert.deepEqual(watched.hosts, [A2])
    watched.write('a.yaml', service('a'))
    await watched.has(A)
  })

  test('with many mistakes has some of them named, and all counted', async () => {
    await using watched = new Watched({ 'a.yaml': 'apiVersion: v1\nkind: Service\n---\n'.repeat(100) })
    await watched.feed.completed
    await watched.until(() => watched.log.length > 20)
    assert.match(watched.log.at(-1)!, /a\.yaml: 80 more problems$/)
    assert.deepEqual([watched.log.length, watched.feed.rejected], [21, 100])
  })

  test('that is nested deeper than any reader goes is named, and what it said before stays', async () => {
    await using watched = new Watched({ 'a.yaml': service('a'), 'b.yaml': service('b') })
    await watched.has(A, B)
    watched.write('a.yaml', '['.repeat(50_000))
    await watched.until(() => watched.log.length > 0)
    assert.match(watched.log[0]!, /a\.yaml/)
    assert.deepEqual(watched.hosts, [A, B])
  })

  test('that is no file is left alone', async () => {
    await using watched = new Watched({ 'a.yaml': service('a') }, folder => {
      mkdirSync(`${folder}/b.yaml`)
      symlinkSync('nowhere', `${folder}/c.yaml`)
      symlinkSync('d.yaml', `${folder}/d.yaml`)
      symlinkSync('/dev/zero', `${folder}/e.yaml`)
      return fileSource([folder], '')
    })
    await watched.feed.completed
    assert.deepEqual([watched.hosts, watched.log], [[A], []])
  })
})

test('what is held is known to be current, again and again', async () => {
  await using watched = new Watched({ 'a.yaml': service('a') })
  await watched.feed.completed
  const first = watched.feed.current!
  assert.ok(performance.now() - first < 1000)
  appendFileSync(watched.path('a.yaml'), '# the same\n')
  await until(() => watched.feed.current! > first)
})

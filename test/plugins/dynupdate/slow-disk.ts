/**
 * Loaded before the program (`--import`): a disk that takes no commit while the file `stuck` is there. Each commit leaves an octet in the file `commits`,
 * and is the last of its thread where the file `last` is there.
 */
import { appendFileSync, existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const { exec } = DatabaseSync.prototype
const still = new Int32Array(new SharedArrayBuffer(4))

DatabaseSync.prototype.exec = function (sql) {
  if (sql === 'COMMIT') {
    while (existsSync('stuck')) Atomics.wait(still, 0, 0, 5)
    appendFileSync('commits', '.')
    if (existsSync('last'))
      setImmediate(() => {
        throw new Error('failed as it was asked to')
      })
  }
  exec.call(this, sql)
}

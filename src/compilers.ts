/** Which compilers V8 has, by what the process does. Each thread has the same. */
import { setFlagsFromString } from 'node:v8'

let lean = false

/**
 * Until the start is over, nothing is compiled to the best code there can be: on one core a large first state is read sooner without (60 of
 * 600 ms for 100,000 endpoints). To be called when what reads it is loaded, since code that is kept compiled is taken under the same flags only.
 */
export function quickCompilers(): void {
  if (!lean) setFlagsFromString('--no-turbofan')
}

/**
 * From now on, when what the start needs is compiled, one compiler does what three can, as fast at full load: 15 MB less. Nor is all to come put
 * into the old generation since batches of queries outlive young collections: that is 40 MB of garbage at a time. Node's own modules come
 * compiled for a V8 without flags only, so this waits until they are loaded.
 */
export function leanCompilers(): void {
  lean = true
  for (const flag of ['--turbofan', '--no-maglev', '--no-sparkplug', '--no-allocation-site-pretenuring']) setFlagsFromString(flag)
}

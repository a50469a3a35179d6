/** Which compilers V8 uses: flags that change when the start is over. All threads share them. */
import { setFlagsFromString } from 'node:v8'

let lean = false

/**
 * Turns the optimizing compiler off until the start is over: on one core, a large first state is read sooner without it (60 of
 * 600 ms for 100,000 endpoints). To be called when the code that reads it is loaded, since V8 accepts cached code only under the flags that it was compiled with.
 */
export function quickCompilers(): void {
  if (!lean) setFlagsFromString('--no-turbofan')
}

/**
 * From now on, one compiler instead of three: as fast at full load, with 15 MB less. And objects are no longer allocated in the old generation
 * because some of them, batches of queries, outlived young collections: that made 40 MB of garbage at a time. Node's own modules are
 * compiled for a V8 without these flags, so this waits until they are loaded.
 */
export function leanCompilers(): void {
  lean = true
  for (const flag of ['--turbofan', '--no-maglev', '--no-sparkplug', '--no-allocation-site-pretenuring']) setFlagsFromString(flag)
}

/** Programs of the machine that tests run beside the server, where they are there. */
import { execFileSync } from 'node:child_process'

/** Why a program cannot be run, as the reason to skip a test; undefined if it can. @param args that end it at once, and well: `--version` */
export function missing(program: string, ...args: readonly string[]): string | undefined {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return undefined
  } catch {
    return `${program} is not on this machine`
  }
}

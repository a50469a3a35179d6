/** Milliseconds, by a clock that all processes of the machine have in common. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6

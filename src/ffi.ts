/**
 * Node's interface to functions of C.
 * @throws {Error} that says why there is none
 */
export function loadFfi(): typeof import('node:ffi') {
  // Node says that it is experimental, to operators who cannot do anything about it: `-udp dgram` is the answer.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    const ffi = process.getBuiltinModule('node:ffi')
    if (!ffi?.getCurrentEventLoop) throw new Error(`node:ffi of ${process.version} is not there or too old`)
    return ffi
  } finally {
    process.emitWarning = emitWarning
  }
}

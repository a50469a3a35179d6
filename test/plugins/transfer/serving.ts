import { type InProcessServer, startInFolder, writeFiles } from '#test/support/in-process.ts'

/** `example.org.` with a serial and so many hosts. */
export function zone(serial: number, hosts = 1, origin = 'example.org.'): string {
  const lines = Array.from({ length: hosts }, (_, i) => `host${i + 1} A 192.0.2.1\n`)
  return `$ORIGIN ${origin}\n$TTL 60\n@ SOA ns hostmaster ${serial} 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n${lines.join('')}`
}

/** `example.org.` with a serial and more octets than the kernel holds for a client that does not read. */
export const large = (serial: number) =>
  `${zone(serial)}$GENERATE 1-300 big$ TXT ${'x'.repeat(254).replace(/.*/, '"$&" ').repeat(240)}\n`

/** A server in this process whose relative files are these, and whose one block has these lines. */
export async function serve(
  files: Readonly<Record<string, string>>,
  lines: string,
): Promise<{ server: InProcessServer; folder: string; port: number } & AsyncDisposable> {
  const served = await startInFolder(folder => writeFiles(folder, files), lines)
  return { ...served, port: served.server.port }
}

/** A program: an API server for pods, with their service account in the folder that the argument names; prints its port. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { objects } from '#test/plugins/kubernetes/objects.ts'
import { selfSigned } from '#test/support/kubernetes/certificate.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'

const tls = selfSigned()
const api = await FakeApi.start(tls)
api.token = 'of-the-service-account'
api.put(...objects)
const [folder = ''] = process.argv.slice(2)
writeFileSync(join(folder, 'ca.crt'), tls?.cert ?? '')
writeFileSync(join(folder, 'token'), api.token)
process.stdout.write(`${api.port}\n`)

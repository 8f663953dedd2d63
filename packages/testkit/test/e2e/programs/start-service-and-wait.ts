// Starts a service, prints its URL, and waits to be killed.
import { postgresUrl, rabbitUrl } from '../../../src/index.ts'

const url = process.argv[2] === 'rabbit' ? await rabbitUrl() : await postgresUrl()
process.stdout.write(`${url}\n`)
setInterval(() => {}, 60_000)

// `npm run fuzz -- [--requests N] [--seed N]`: fuzzes the HTTP APIs of the relay (on SQLite) and of the upstream with requests
// made from the seed, and prints the responses by status. Exits with 1 for a server error, a secret in a response, a crash or
// more memory than allowed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { fuzzRelay } from '../packages/relay/test/harness/fuzz-relay.ts'
import { fuzzUpstream } from '../packages/upstream/test/integration/fuzz-upstream.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
})
const requests = Number(values.requests)
const seed = Number(values.seed)
if (!Number.isSafeInteger(requests) || requests < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: npm run fuzz -- [--requests N] [--seed N]\n')
  process.exit(64)
}

const folder = await mkdtemp(join(tmpdir(), 'warren-fuzz-'))
try {
  const store = `sqlite:${join(folder, 'relay.sqlite')}`
  await report('relay', (onProgress) => fuzzRelay(store, { requests, seed, onProgress }))
  await report('upstream', (onProgress) => fuzzUpstream({ requests, seed, onProgress }))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function report(
  name: string,
  fuzz: (onProgress: (done: number) => void) => ReturnType<typeof fuzzUpstream>,
): Promise<void> {
  const started = performance.now()
  const { statuses, findings, damage } = await fuzz((done) => {
    if (done % 10_000 === 0) process.stderr.write(`${name}: ${done} requests\n`)
  })
  const seconds = Math.round((performance.now() - started) / 1_000)
  process.stdout.write(`${name}: ${requests} requests, seed ${seed}, ${seconds} s\n`)
  process.stdout.write(`${JSON.stringify(statuses)}\n`)
  for (const finding of findings) process.stdout.write(`${JSON.stringify(finding)}\n`)
  for (const problem of damage) process.stdout.write(`${problem}\n`)
  if (findings.length > 0 || damage.length > 0) process.exitCode = 1
}

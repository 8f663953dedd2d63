// `npm run fuzz`: fuzzes the HTTP APIs of the relay and of the upstream with requests made from a seed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'

import { bindCommand, ExitCode, printFailure, processIo, progressBar } from '@warren/runtime'
import { fuzzRelay } from '../packages/relay/test/harness/fuzz-relay.ts'
import { fuzzUpstream } from '../packages/upstream/test/integration/fuzz-upstream.ts'

const DETAILS = `
Prints the responses by status. Exits with 1 for a server error, a secret in a
response, a crash, or more memory than allowed; the same seed sends the same
requests. The relay has its database in an SQLite file, which is removed.`

interface Flags {
  readonly requests: number
  readonly seed: number
}

const io = processIo()

async function fuzz(flags: Flags): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-fuzz-'))
  try {
    const store = `sqlite:${join(folder, 'relay.sqlite')}`
    await report('relay', flags, (onProgress) => fuzzRelay(store, { ...flags, onProgress }))
    await report('upstream', flags, (onProgress) => fuzzUpstream({ ...flags, onProgress }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function report(
  name: string,
  { requests, seed }: Flags,
  run: (onProgress: (done: number) => void) => ReturnType<typeof fuzzUpstream>,
): Promise<void> {
  const started = performance.now()
  const bar = progressBar({ title: name, total: requests, stream: io.stderr, env: io.env })
  const { statuses, findings, damage } = await run((done) => bar.update(done)).finally(() =>
    bar.stop(),
  )
  const seconds = Math.round((performance.now() - started) / 1_000)
  io.stdout.write(`${name}: ${requests} requests, seed ${seed}, ${seconds} s\n`)
  io.stdout.write(`${JSON.stringify(statuses)}\n`)
  for (const finding of findings) io.stdout.write(`${JSON.stringify(finding)}\n`)
  for (const problem of damage) io.stdout.write(`${problem}\n`)
  if (findings.length > 0 || damage.length > 0) process.exitCode = ExitCode.failure
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

const command = new Command('fuzz')
  .description('send malformed and hostile requests to a relay and an upstream')
  .option('--requests <number>', 'number of requests for each of them', wholeNumber, 10_000)
  .option('--seed <number>', 'seed of the requests', wholeNumber, 1)
  .addHelpText('after', DETAILS)
  .action(fuzz)
bindCommand(command, io)
try {
  await command.parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}

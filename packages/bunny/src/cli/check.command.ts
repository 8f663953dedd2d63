import { durationSetting, ProgramError, sleep, type CliIo } from '@warren/runtime'
import { Command, InvalidArgumentError } from 'commander'
import { checkDocument } from '../doctor/check-document.ts'
import { CheckScreen } from '../doctor/check-screen.ts'
import { runCheck } from '../doctor/run-check.ts'
import type { Step } from '../doctor/step.ts'
import { describeCounts, verdictOf } from '../doctor/verdict.ts'

interface CheckFlags {
  readonly json?: true
  readonly poll?: true
  readonly wait?: number
  readonly timeout: number
}

const DEFAULT_TIMEOUT_MS = 90_000
/** The time from one check to the next with --wait. */
const REPEAT_MS = 5_000

/** The command `check`: walks the way that a task takes and says what works. */
export function checkCommand(io: CliIo): Command {
  return new Command('check')
    .description('check everything that a task needs: configuration, relay, database and state')
    .option('--json', 'print a JSON object')
    .option('--wait <duration>', 'repeat until no step fails, at most this long', parseDuration)
    .option('--poll', 'also poll the relay once, and answer a task that arrives')
    .option('--timeout <duration>', 'time for one check', parseDuration, DEFAULT_TIMEOUT_MS)
    .addHelpText(
      'after',
      `
Without --poll nothing changes anywhere: the login is checked with a result for a task that does not exist, because a poll
takes a task away. A step that depends on a failed one is skipped.

Exit codes: 0 no step failed, 64 invalid usage, and otherwise that of the first failed step: 78 configuration or state
folder, 69 network or relay, 77 login, 74 database.

Examples:
  warren bunny check
  warren bunny check --wait 2m && warren bunny daemon
  warren bunny check --json | jq -r '.steps[] | select(.status == "failed") | .title'`,
    )
    .action((flags: CheckFlags) => check(io, flags))
}

async function check(io: CliIo, flags: CheckFlags): Promise<void> {
  const until = performance.now() + (flags.wait ?? 0)
  for (;;) {
    const startedAt = performance.now()
    const at = new Date()
    // With --wait only the last check is shown.
    const screen = flags.json === true ? undefined : new CheckScreen(io)
    const live = flags.wait === undefined ? screen : undefined
    const steps = await runCheck({
      env: io.env,
      totalMs: flags.timeout,
      poll: flags.poll === true,
      ...(live === undefined ? {} : { onStep: (step: Step) => live.step(step) }),
    })
    const verdict = verdictOf(steps)
    const durationMs = performance.now() - startedAt
    const isLast = verdict.ok || performance.now() + REPEAT_MS > until
    if (!isLast) {
      const first = steps.find(({ status }) => status === 'failed')?.title ?? ''
      const left = Math.round((until - performance.now()) / 1000)
      io.stderr.write(`waiting, ${left} s left: ${describeCounts(verdict)} (first: ${first})\n`)
      await sleep(REPEAT_MS)
      continue
    }
    if (screen === undefined) {
      io.stdout.write(`${JSON.stringify(checkDocument(steps, { at, durationMs }), null, 2)}\n`)
    } else {
      if (live === undefined) for (const step of steps) screen.step(step)
      screen.end(verdict, durationMs)
    }
    if (!verdict.ok) throw new FailedCheck(verdict.exitCode)
    return
  }
}

/** Everything was printed already. */
class FailedCheck extends ProgramError {
  constructor(exitCode: number) {
    super('the check failed', { exitCode })
  }
}

function parseDuration(text: string): number {
  const parsed = durationSetting({ unit: 's', minMs: 1000, maxMs: 86_400_000 }).safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('Expected a duration such as 30s or 2m.')
}

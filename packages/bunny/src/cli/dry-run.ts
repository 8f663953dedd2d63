import { styles, type CliIo } from '@warren/runtime'
import { serializeResultBytes } from '@warren/task-api'
import { systemClock } from '../clock.ts'
import { loadRunConfig, runConfig } from '../config.ts'
import { previewPolicy } from '../gate/preview-policy.ts'
import { summarise } from '../output/result-summary.ts'
import { startDeadline } from '../solve/run-query.ts'
import { solveTask } from '../solve/solve-task.ts'
import { VERSION } from '../version.ts'
import { siteSettings, taskTimeoutMs } from '../site-settings.ts'
import { openRunDatabase } from './open-run-database.ts'
import { programLog } from './program-log.ts'

/**
 * Prints what would leave the site for one task: the decision of the policy, and the result after suppression and rounding.
 * Sends, records and counts nothing.
 */
export async function dryRun(body: unknown, options: { json: boolean }, io: CliIo): Promise<void> {
  const config = loadRunConfig(io.env)
  const log = programLog(runConfig, config, io)
  await using source = await openRunDatabase(config, log)
  const settings = siteSettings(config)
  const { words, verdict, denied } = await previewPolicy(body, {
    policyFile: config.policyFile,
    source,
    omop: settings.omop,
    clock: systemClock,
    log,
  })
  const { result } = await solveTask(body, {
    ...settings,
    denied,
    source,
    collectionId: config.collectionId,
    version: VERSION,
    encode: true,
    deadline: startDeadline(taskTimeoutMs(body, config)),
    stop: new AbortController().signal,
    clock: systemClock,
    log,
  })
  if (options.json) {
    const wouldLeave: unknown = JSON.parse(serializeResultBytes(result).toString())
    io.stdout.write(`${JSON.stringify({ words, verdict, wouldLeave }, null, 2)}\n`)
    return
  }
  const { bold } = styles(io.stdout, io.env)
  const { threshold, nearest } = settings.policy
  const decision =
    verdict.kind === 'answer'
      ? 'would be answered'
      : verdict.kind === 'hold'
        ? `would be held: ${verdict.reason}`
        : `would be refused: ${verdict.reason}`
  io.stdout.write(
    [
      '',
      bold(words),
      `Policy: ${decision}`,
      ...(verdict.warning === undefined ? [] : [`Warning: ${verdict.warning}`]),
      `Suppression below ${String(threshold)}, rounding to ${String(nearest)}`,
      bold(
        verdict.kind === 'refuse' ? 'Without the refusal, this would leave:' : 'This would leave:',
      ),
      '',
    ].join('\n'),
  )
  io.stdout.write(summarise(result, io))
  io.stdout.write('Nothing was sent.\n')
}

import { ConfigError, weakSecrets } from '@warren/runtime'
import type { ResolveHost } from '@warren/task-api'
import { bunnyConfig, loadBunnyConfig, type BunnyConfig } from '../config.ts'
import { siteSettings } from '../site-settings.ts'
import { stateFolders } from '../open-collection.ts'
import { relaysOf } from '../relay-settings.ts'
import { checkAnswers } from './answer-checks.ts'
import { Checklist } from './checklist.ts'
import { checkHealth } from './health-checks.ts'
import { checkRelays, subjectOf } from './relays-check.ts'
import {
  checkAuditFolder,
  checkCacheFolder,
  checkPolicy,
  checkPolicyFile,
  checkState,
} from './site-checks.ts'
import { failed, ok, warning, type Finding, type Step } from './step.ts'

export interface CheckOptions {
  readonly env: NodeJS.ProcessEnv
  /** The time for all steps. */
  readonly totalMs: number
  /** Poll the relay once. A task that arrives is answered. */
  readonly poll: boolean
  readonly onStep?: (step: Step) => void
  readonly resolve?: ResolveHost
}

const CONFIGURATION = { id: 'configuration', area: 'configuration', title: 'settings' } as const
/** Walks the way that a task takes, from the configuration to the state folder. Changes nothing unless `poll` is set. */
export async function runCheck(options: CheckOptions): Promise<readonly Step[]> {
  const { env, totalMs, poll, onStep } = options
  const list = new Checklist({ totalMs, ...(onStep === undefined ? {} : { onStep }) })
  let config: BunnyConfig | undefined
  await list.run(CONFIGURATION, () => {
    try {
      config = loadBunnyConfig(env)
      return secretsFinding(config)
    } catch (error: unknown) {
      if (error instanceof ConfigError) return configProblems(error)
      throw error
    }
  })
  if (config === undefined) {
    list.skip({ id: 'relay', area: 'network', title: 'relay' }, 'the configuration is invalid')
    list.skip(
      { id: 'database', area: 'database', title: 'database' },
      'the configuration is invalid',
    )
    list.skip({ id: 'state', area: 'state', title: 'state' }, 'the configuration is invalid')
    return list.steps
  }
  await checkPolicy(list, siteSettings(config))
  await checkPolicyFile(list, config.policyFile)
  const relays = relaysOf(config)
  const accepted = await checkRelays(list, relays, options)
  await checkAnswers(list, { config, env, poll, relays, accepted })
  for (const [index, relay] of relays.entries()) {
    const folders = stateFolders(config, { relay, isFirst: index === 0 }, env)
    await list.about(subjectOf(relay, relays), async () => await checkState(list, folders))
  }
  if (config.auditEnabled && config.auditDir !== undefined) {
    await checkAuditFolder(list, config.auditDir)
  }
  if (config.cacheEnabled) await checkCacheFolder(list, config.cacheDir)
  await checkHealth(list, config)
  return list.steps
}

function secretsFinding(config: BunnyConfig): Finding {
  const weak = weakSecrets(bunnyConfig, config)
  if (weak.length === 0) return ok('valid')
  return warning(
    weak.map(({ name, message }) => `${name}: ${message}`).join('; '),
    ...weak.flatMap(({ hint }) => (hint === undefined ? [] : [hint])),
  )
}

function configProblems({ problems }: ConfigError): Finding {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems.map(
    ({ name, message, hint }) => `${name}: ${message}.${hint === undefined ? '' : ` ${hint}`}`,
  )
  return failed(count, ...lines)
}

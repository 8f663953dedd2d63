import { spawnSync } from 'node:child_process'

import { installCommand, isAvailable, REQUIREMENTS } from './requirement.ts'

/**
 * Installs the services that suites need and this machine lacks, with apt-get, as root or through sudo.
 * Throws when one is missing after that. For CI only: nobody's laptop is changed without asking.
 */
export function installServices(): void {
  const missing = REQUIREMENTS.filter((requirement) => !isAvailable(requirement))
  if (missing.length === 0) return
  const packages = missing.map((requirement) => requirement.debianPackage)
  process.stderr.write(`Installing what the tests need: ${packages.join(' ')}\n`)
  runAptGet(['update', '-q'])
  runAptGet(['install', '-q', '-y', '--no-install-recommends', ...packages])

  const still = REQUIREMENTS.filter((requirement) => !isAvailable(requirement))
  if (still.length > 0) {
    const lines = still.map(
      (requirement) => `  ${requirement.title}: ${installCommand(requirement)}`,
    )
    throw new Error(`Services the tests need are missing:\n${lines.join('\n')}`)
  }
}

function runAptGet(args: readonly string[]): void {
  const asRoot = process.getuid?.() === 0
  const [command, ...rest] = [
    ...(asRoot ? [] : ['sudo', '-n']),
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    ...args,
  ]
  const { status, error } = spawnSync(command ?? 'env', rest, {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error !== undefined) {
    throw new Error(`apt-get ${args[0] ?? ''} could not be run`, { cause: error })
  }
  if (status !== 0) throw new Error(`apt-get ${args[0] ?? ''} ended with ${String(status)}`)
}

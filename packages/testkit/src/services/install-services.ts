import { spawnSync } from 'node:child_process'

import { installCommand, isAvailable, REQUIREMENTS, type Requirement } from './requirement.ts'

/**
 * Installs the services that suites need and this machine lacks, with apt-get, as root or through sudo.
 * Throws when one is missing after that. For CI only: nobody's laptop is changed without asking.
 */
export function installServices(requirements: readonly Requirement[] = REQUIREMENTS): void {
  const missing = requirements.filter((requirement) => !isAvailable(requirement))
  if (missing.length === 0) return
  const packages = missing.map((requirement) => requirement.debianPackage)
  process.stderr.write(`Installing what the tests need: ${packages.join(' ')}\n`)
  const problems = [
    runAptGet(['update', '-q']),
    runAptGet(['install', '-q', '-y', '--no-install-recommends', ...packages]),
  ].filter((problem) => problem !== undefined)

  // What counts is what is there: a package whose own service could not be started is installed all the same.
  const still = requirements.filter((requirement) => !isAvailable(requirement))
  if (still.length > 0) {
    const lines = still.map((requirement) => `${requirement.title}: ${installCommand(requirement)}`)
    const text = [...lines, ...problems].map((line) => `  ${line}`).join('\n')
    throw new Error(`Services that the tests need are missing:\n${text}`)
  }
}

/** What went wrong, if anything did. */
function runAptGet(args: readonly string[]): string | undefined {
  const asRoot = process.getuid?.() === 0
  const [command = 'env', ...rest] = [
    ...(asRoot ? [] : ['sudo', '-n']),
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    // Keeps the packages from starting services of their own: the tests start theirs.
    'RUNLEVEL=1',
    'apt-get',
    ...args,
  ]
  const { status, error } = spawnSync(command, rest, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return undefined
  return `apt-get ${args[0] ?? ''} ${error === undefined ? `ended with ${String(status)}` : error.message}`
}

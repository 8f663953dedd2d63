import { spawnSync } from 'node:child_process'

import { installCommand, isAvailable, REQUIREMENTS, type Requirement } from './requirement.ts'

/**
 * Installs missing services with apt-get, as root or with sudo. Throws if one is still missing after that. For CI only:
 * the machine of a developer is not changed.
 */
export function installServices(requirements: readonly Requirement[] = REQUIREMENTS): void {
  const missing = requirements.filter((requirement) => !isAvailable(requirement))
  if (missing.length === 0) return
  const packages = missing.map((requirement) => requirement.debianPackage)
  process.stderr.write(`Installing services for the tests: ${packages.join(' ')}\n`)
  const problems = [
    runAptGet(['update', '-q']),
    runAptGet(['install', '-q', '-y', '--no-install-recommends', ...packages]),
  ].filter((problem) => problem !== undefined)

  // Ignores failures of apt-get if the programs exist: a package is installed even if its own service cannot start.
  const still = requirements.filter((requirement) => !isAvailable(requirement))
  if (still.length > 0) {
    const lines = still.map((requirement) => `${requirement.title}: ${installCommand(requirement)}`)
    const text = [...lines, ...problems].map((line) => `  ${line}`).join('\n')
    throw new Error(`services for the tests are missing:\n${text}`)
  }
}

/** Returns the problem if apt-get fails. */
function runAptGet(args: readonly string[]): string | undefined {
  const asRoot = process.getuid?.() === 0
  const [command = 'env', ...rest] = [
    ...(asRoot ? [] : ['sudo', '-n']),
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    // Prevents the packages from starting their services: the tests start their own.
    'RUNLEVEL=1',
    'apt-get',
    ...args,
  ]
  const { status, error } = spawnSync(command, rest, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return undefined
  return `apt-get ${args[0] ?? ''} ${error === undefined ? `exited with ${String(status)}` : error.message}`
}

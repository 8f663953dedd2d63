import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A service that suites need: where it comes from and how to get it. */
export interface Requirement {
  readonly title: string
  /** A running one to use instead of our own. */
  readonly urlVariable?: string
  readonly debianPackage: string
  readonly brewPackage: string
  /** Folder of its programs, or its program; undefined when this machine has none. */
  find(): string | undefined
}

function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
}

/** The folder with the newest version among `parent/<version>/rest`. */
function newestVersion(parent: string, rest: string, program: string): string | undefined {
  if (!existsSync(parent)) return undefined
  return readdirSync(parent)
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((version) => join(parent, version, rest))
    .find((folder) => existsSync(join(folder, program)))
}

export const POSTGRES: Requirement = {
  title: 'PostgreSQL',
  urlVariable: 'WARREN_TEST_POSTGRES_URL',
  debianPackage: 'postgresql',
  brewPackage: 'postgresql@17',
  find: () => {
    // Debian keeps the server out of PATH; one that is in PATH was put there on purpose.
    const folder = onPath('initdb')?.replace(/\/initdb$/, '')
    if (folder !== undefined && existsSync(join(folder, 'postgres'))) return folder
    return (
      newestVersion('/usr/lib/postgresql', 'bin', 'initdb') ??
      newestVersion('/opt/homebrew/opt', 'bin', 'initdb')
    )
  },
}

export const RABBIT: Requirement = {
  title: 'RabbitMQ',
  urlVariable: 'WARREN_TEST_AMQP_URL',
  debianPackage: 'rabbitmq-server',
  brewPackage: 'rabbitmq',
  find: () =>
    // Debian's program in /usr/sbin is a wrapper that changes user and folder: the real one comes first.
    [
      '/usr/lib/rabbitmq/bin/rabbitmq-server',
      '/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server',
    ].find((path) => existsSync(path)) ?? onPath('rabbitmq-server'),
}

export const CHROMIUM: Requirement = {
  title: 'Chromium',
  debianPackage: 'chromium',
  brewPackage: 'chromium',
  find: () =>
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
      .map((program) => onPath(program))
      .find((path) => path !== undefined),
}

export const REQUIREMENTS: readonly Requirement[] = [POSTGRES, RABBIT, CHROMIUM]

/** The URL of a running service that the person who runs the tests wants used. */
export function configuredUrl(requirement: Requirement): string | undefined {
  const { urlVariable } = requirement
  const url = urlVariable === undefined ? undefined : process.env[urlVariable]
  return url === '' ? undefined : url
}

export function isAvailable(requirement: Requirement): boolean {
  return configuredUrl(requirement) !== undefined || requirement.find() !== undefined
}

/** What to type to get it. */
export function installCommand(
  requirement: Requirement,
  platform: NodeJS.Platform = process.platform,
): string {
  return platform === 'darwin'
    ? `brew install ${requirement.brewPackage}`
    : `sudo apt-get install -y ${requirement.debianPackage}`
}

/** Continuous integration, where nothing may be skipped. */
export function inCi(): boolean {
  const ci = process.env['CI'] ?? ''
  return ci !== '' && ci !== 'false' && ci !== '0'
}

import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A service that suites need, and how to install it. */
export interface Requirement {
  readonly title: string
  /** The variable with the URL of a running service to use instead. */
  readonly urlVariable?: string
  readonly debianPackage: string
  readonly brewPackage: string
  /** The folder of its programs, or its program; undefined if it is not installed. */
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
    // Debian does not add the server to PATH, so one in PATH was added deliberately.
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
    // Debian's program in /usr/sbin is a wrapper that changes user and folder, so the real one is preferred.
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

export const PGBOUNCER: Requirement = {
  title: 'pgbouncer',
  debianPackage: 'pgbouncer',
  brewPackage: 'pgbouncer',
  find: () => ['/usr/sbin/pgbouncer'].find((path) => existsSync(path)) ?? onPath('pgbouncer'),
}

export const REQUIREMENTS: readonly Requirement[] = [POSTGRES, RABBIT, CHROMIUM, PGBOUNCER]

/** The URL of a running service that the developer has configured. */
export function configuredUrl(requirement: Requirement): string | undefined {
  const { urlVariable } = requirement
  const url = urlVariable === undefined ? undefined : process.env[urlVariable]
  return url === '' ? undefined : url
}

export function isAvailable(requirement: Requirement): boolean {
  return configuredUrl(requirement) !== undefined || requirement.find() !== undefined
}

/** The command that installs the service. */
export function installCommand(
  requirement: Requirement,
  platform: NodeJS.Platform = process.platform,
): string {
  return platform === 'darwin'
    ? `brew install ${requirement.brewPackage}`
    : `sudo apt-get install -y ${requirement.debianPackage}`
}

/** Whether this is continuous integration, where no test may be skipped. */
export function inCi(): boolean {
  const ci = process.env['CI'] ?? ''
  return ci !== '' && ci !== 'false' && ci !== '0'
}

import { basename, delimiter, dirname, isAbsolute, relative } from 'node:path'

/** What the invocation is derived from: `process` has it all. */
export interface RunningProcess {
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: () => string
}

/**
 * How to call this program again from where the user is. Never plain `npx warren`: where no local installation is
 * found, npx would download a package of that name.
 */
export function invocationOf({ argv, env, cwd }: RunningProcess): string {
  const script = argv[1] ?? 'warren'
  if (isRunByNpm(env)) {
    const prefix = env['npm_config_local_prefix']
    const isInside = prefix === undefined || isWithin(userFolder({ env, cwd }), prefix)
    return isInside
      ? 'npx --no-install warren'
      : `npx --prefix ${shellWord(prefix)} --no-install warren`
  }
  const path = shellWord(pathFrom(cwd(), script))
  if (basename(script) !== 'warren') return `node ${path}`
  const onPath = (env['PATH'] ?? '').split(delimiter).includes(dirname(script))
  return onPath ? 'warren' : path.includes('/') ? path : `./${path}`
}

/** The folder in which the user typed the command: npm runs scripts in the folder of the package. */
export function userFolder({ env, cwd }: Pick<RunningProcess, 'env' | 'cwd'>): string {
  return (isRunByNpm(env) ? env['INIT_CWD'] : undefined) ?? cwd()
}

/** Not every program below npm is: a test runner started by npx may run this one. */
function isRunByNpm(env: NodeJS.ProcessEnv): boolean {
  return /\bwarren\b/.test(env['npm_lifecycle_script'] ?? '')
}

/** A path as the user can type it in `folder`. */
export function pathFrom(folder: string, path: string): string {
  const short = relative(folder, path)
  return short === '' ? '.' : short.startsWith('../../..') ? path : short
}

/** `text` as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function isWithin(folder: string, parent: string): boolean {
  const path = relative(parent, folder)
  return path === '' || !(path.startsWith('..') || isAbsolute(path))
}

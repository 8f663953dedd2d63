import { basename, delimiter, dirname, isAbsolute, relative } from 'node:path'

import { shellWord } from '@warren/runtime/cli'

/** The parts of `process` that the invocation depends on. */
export interface RunningProcess {
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: () => string
}

/**
 * The command that starts this program from the user's folder. It is never plain `npx warren`: if npx finds no local
 * installation, it downloads a package of that name.
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

/** The folder in which the user typed the command. (npm runs scripts in the folder of the package.) */
export function userFolder({ env, cwd }: Pick<RunningProcess, 'env' | 'cwd'>): string {
  return (isRunByNpm(env) ? env['INIT_CWD'] : undefined) ?? cwd()
}

/** Whether npm or npx started this program itself, not a program that started it, such as a test runner. */
function isRunByNpm(env: NodeJS.ProcessEnv): boolean {
  return /\bwarren\b/.test(env['npm_lifecycle_script'] ?? '')
}

/** The path to type in `folder`: relative, or absolute if it is far away. */
export function pathFrom(folder: string, path: string): string {
  const short = relative(folder, path)
  return short === '' ? '.' : short.startsWith('../../..') ? path : short
}

function isWithin(folder: string, parent: string): boolean {
  const path = relative(parent, folder)
  return path === '' || !(path.startsWith('..') || isAbsolute(path))
}

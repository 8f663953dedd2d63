import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'

import type { Command } from 'commander'

import type { CliIo } from '../../packages/runtime/src/index.ts'
import { splitMarkdown, type DocProblem } from './markdown.ts'
import { shellCommands } from './shell-lines.ts'

const SHELLS = ['sh', 'bash', 'shell', 'console']
const BUILT_IN = new Set(['test', 'start', 'stop', 'restart'])

export interface CommandSource {
  /** Builds a new `warren` each time, because a command keeps the options it was parsed with. */
  readonly build: (io: CliIo) => Command | Promise<Command>
  /** Names of the scripts in the package.json of the repository. */
  readonly scripts: readonly string[]
}

/** Lines in the shell blocks of a document that call `warren` or `npm run` with invalid arguments. */
export async function wrongCommandLines(
  root: string,
  file: string,
  source: CommandSource,
): Promise<DocProblem[]> {
  const { fences } = splitMarkdown(readFileSync(join(root, file), 'utf8'))
  const problems: DocProblem[] = []
  for (const { language, line, lines } of fences) {
    if (!SHELLS.includes(language)) continue
    for (const command of shellCommands(lines, line, language)) {
      const message = await commandProblem(command.words, source)
      if (message !== undefined) problems.push({ file, line: command.line, message })
    }
  }
  return problems
}

async function commandProblem(
  words: readonly string[],
  source: CommandSource,
): Promise<string | undefined> {
  const isNpx = words[0] === 'npx'
  const start = isNpx ? words.findIndex((word, index) => index > 0 && !word.startsWith('-')) : 0
  const [program, ...args] = words.slice(start)
  if (program === 'warren') {
    // Outside of this repository npx would download a package that is not ours.
    if (isNpx && !words.slice(0, start).includes('--no-install')) {
      return 'write npx --no-install warren'
    }
    return warrenProblem(args, source)
  }
  if (program !== 'npm') return undefined
  const [verb = '', name = ''] = args.filter((arg) => !/^-./.test(arg) || arg === '--')
  const script = verb === 'run' ? name : BUILT_IN.has(verb) ? verb : undefined
  if (script === undefined) return undefined
  if (!source.scripts.includes(script)) return `npm script ${script} does not exist`
  const separator = args.indexOf('--')
  return script === 'warren' && separator !== -1
    ? warrenProblem(args.slice(separator + 1), source)
    : undefined
}

/** Parses `args` like the program, without running anything. */
async function warrenProblem(
  args: readonly string[],
  source: CommandSource,
): Promise<string | undefined> {
  const written: string[] = []
  const output = { write: (text: string) => written.push(text) }
  const stdin = new PassThrough()
  const program = await source.build({ stdout: output, stderr: output, stdin, env: {} })
  disarm(program)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return undefined
  } catch (error: unknown) {
    const shown = error instanceof Error && 'exitCode' in error && error.exitCode === 0
    if (shown) return undefined
    const reason = written.join('').trim().split('\n')[0] ?? ''
    return `"warren ${args.join(' ')}" is invalid: ${reason || String(error)}`
  }
}

function disarm(command: Command): void {
  command.exitOverride()
  // A command group must not get an action, so that commander still reports unknown subcommands.
  const acts: unknown = Reflect.get(command, '_actionHandler')
  if (command.commands.length === 0 || typeof acts === 'function') command.action(() => {})
  for (const child of command.commands) disarm(child)
}

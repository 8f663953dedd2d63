import { Readable } from 'node:stream'
import { printFailure } from '@warren/runtime'
import { z } from 'zod'
import { relayCommand } from '../../src/index.ts'

export interface CliRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  json(): unknown
  /** A member of the printed JSON object. */
  member(name: string): string
}

export interface CliEnv extends NodeJS.ProcessEnv {
  /** Not a variable: the standard input of the command. */
  stdin?: string
}

/** Runs a command in this process, without a terminal and with only the environment variables of `env`. */
export async function runCli({ stdin = '', ...env }: CliEnv, ...args: string[]): Promise<CliRun> {
  let stdout = ''
  let stderr = ''
  const io = {
    stdout: { write: (text: string) => void (stdout += text), isTTY: false },
    stderr: { write: (text: string) => void (stderr += text), isTTY: false },
    stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    env,
  }
  let exitCode = 0
  try {
    await relayCommand(io).parseAsync(args, { from: 'user' })
  } catch (error: unknown) {
    exitCode = printFailure(error, io.stderr, env)
  }
  const json = (): unknown => JSON.parse(stdout)
  const member = (name: string): string =>
    z.record(z.string(), z.string()).parse(json())[name] ?? ''
  return { exitCode, stdout, stderr, json, member }
}

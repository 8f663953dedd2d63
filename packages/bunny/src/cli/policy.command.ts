import { ExitCode, ProgramError, writeTable, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { describePolicy } from '../policy/describe-policy.ts'
import { PolicyFileError, readPolicyFile, type LoadedPolicy } from '../policy/policy-file.ts'
import { OPEN_POLICY } from '../policy/site-policy.ts'

export function policyCommand(io: CliIo): Command {
  return new Command('policy')
    .description('check and show the policy of the site')
    .addCommand(checkCommand(io))
    .addCommand(showCommand(io))
}

function checkCommand(io: CliIo): Command {
  return new Command('check')
    .argument('[file]', 'policy file (default: BUNNY_POLICY_FILE)')
    .description('check a policy file, and print in words what it does')
    .action(async (given: string | undefined) => {
      const file = given ?? configuredFile(io)
      if (file === undefined) {
        throw new ProgramError('no policy file is given', {
          exitCode: ExitCode.usage,
          hint: 'Pass a file, or set BUNNY_POLICY_FILE.',
        })
      }
      print(await load(file), io)
    })
}

function showCommand(io: CliIo): Command {
  return new Command('show')
    .description('print in words the policy of the daemon, also without a policy file')
    .option('--json', 'print a JSON object')
    .action(async (options: { json?: true }) => {
      const file = configuredFile(io)
      const loaded = file === undefined ? { policy: OPEN_POLICY } : await load(file)
      if (options.json === true) {
        io.stdout.write(`${JSON.stringify({ file: file ?? null, ...loaded }, null, 2)}\n`)
        return
      }
      writeTable(io, [['policy file', file ?? 'none: BUNNY_POLICY_FILE is not set']])
      print(loaded, io)
    })
}

function configuredFile({ env }: CliIo): string | undefined {
  const file = env['BUNNY_POLICY_FILE']?.trim() ?? ''
  return file === '' ? undefined : file
}

/** Throws `ProgramError` (78) with one line per problem. */
async function load(file: string): Promise<LoadedPolicy> {
  try {
    return await readPolicyFile(file)
  } catch (error: unknown) {
    if (!(error instanceof PolicyFileError)) throw error
    throw new ProgramError(error.message.replaceAll('; ', '\n'), {
      exitCode: ExitCode.config,
      cause: error,
    })
  }
}

function print({ policy, sha256 }: LoadedPolicy, io: CliIo): void {
  for (const line of describePolicy(policy)) io.stdout.write(`${line}\n`)
  if (sha256 !== undefined) io.stdout.write(`SHA-256 ${sha256}\n`)
}

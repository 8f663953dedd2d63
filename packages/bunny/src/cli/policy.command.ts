import { ExitCode, ProgramError, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { describePolicy } from '../policy/describe-policy.ts'
import { PolicyFileError, readPolicyFile } from '../policy/policy-file.ts'

export function policyCommand(io: CliIo): Command {
  const check = new Command('check')
    .argument('[file]', 'policy file (default: BUNNY_POLICY_FILE)')
    .description('check a policy file, and print in words what it does')
    .action(async (given: string | undefined) => {
      const file = given ?? io.env['BUNNY_POLICY_FILE']
      if (file === undefined || file === '') {
        throw new ProgramError('no policy file is given', {
          exitCode: ExitCode.usage,
          hint: 'Pass a file, or set BUNNY_POLICY_FILE.',
        })
      }
      try {
        const { policy, sha256 } = await readPolicyFile(file)
        for (const line of describePolicy(policy)) io.stdout.write(`${line}\n`)
        io.stdout.write(`SHA-256 ${sha256}\n`)
      } catch (error: unknown) {
        if (!(error instanceof PolicyFileError)) throw error
        throw new ProgramError(error.message.replaceAll('; ', '\n'), {
          exitCode: ExitCode.config,
          cause: error,
        })
      }
    })
  return new Command('policy').description('check the policy of the site').addCommand(check)
}

import { maskedConfig, writeTable, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { bunnyConfig, loadBunnyConfig } from '../config.ts'

export function configCommand(io: CliIo): Command {
  const check = new Command('check')
    .description(
      'print the effective configuration of the daemon, with secrets masked, or all its problems',
    )
    .option('--json', 'print a JSON object')
    .action((options: { json?: true }) => {
      const shown = maskedConfig(bunnyConfig, loadBunnyConfig(io.env))
      if (options.json === true) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
      else writeTable(io, Object.entries(shown), { head: ['variable', 'value'] })
    })
  return new Command('config').description('check the configuration').addCommand(check)
}

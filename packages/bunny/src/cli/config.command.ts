import { maskedConfig, writeTable, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { bunnyConfig, loadBunnyConfig } from '../config.ts'

export function configCommand(io: CliIo): Command {
  const check = new Command('check')
    .description(
      'print the configuration the daemon would run with, secrets masked, or all that is wrong with it',
    )
    .option('--json', 'print an object')
    .action((options: { json?: true }) => {
      const shown = maskedConfig(bunnyConfig, loadBunnyConfig(io.env))
      if (options.json === true) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
      else writeTable(io, Object.entries(shown), { head: ['variable', 'value'] })
    })
  return new Command('config').description('look at the configuration').addCommand(check)
}

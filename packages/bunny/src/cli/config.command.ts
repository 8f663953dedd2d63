import { formatTable, maskedConfig, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { bunnyConfig, loadBunnyConfig } from '../config.ts'

export function configCommand(io: CliIo): Command {
  const check = new Command('check')
    .description(
      'Says what the daemon would run with, secrets masked; exits with 78 and every problem if it would not.',
    )
    .option('--json', 'as a JSON object')
    .action((options: { json?: true }) => {
      const shown = maskedConfig(bunnyConfig, loadBunnyConfig(io.env))
      if (options.json === true) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
      else {
        const tty = io.stdout.isTTY === true
        io.stdout.write(formatTable(Object.entries(shown), { head: ['variable', 'value'], tty }))
      }
    })
  return new Command('config').description('Looks at the configuration.').addCommand(check)
}

import { nearestName, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { dryRun } from './dry-run.ts'
import { runTasks, type RunOptions } from './run-tasks.ts'
import { readTaskInput } from './task-input.ts'

/** The command `run`: answers tasks without a relay. */
export function runCommand(io: CliIo): Command {
  return taskCommand('run', io)
    .description('answer tasks from files, without a relay')
    .addHelpText(
      'after',
      `
With --batch each line is {"query": TASK, "modifiers": […]}, where "modifiers" is optional, and each line of the output is
the result of that line. An unreadable line gets an error result. Blank lines are skipped.

Suppression and rounding are those of the daemon (LOW_NUMBER_SUPPRESSION_THRESHOLD, ROUNDING_TARGET). Modifiers replace
both, for results that stay at the site. A modifier that is not in the list means 10:
  [{"id":"Low Number Suppression","threshold":20},{"id":"Rounding","nearest":0}]

On a terminal the result is a number or a table, in a pipe and with -o one line of JSON.

With --dry-run, LOW_NUMBER_SUPPRESSION_THRESHOLD, ROUNDING_TARGET and BUNNY_POLICY_FILE apply as in the daemon. Nothing is
sent, recorded or counted.

Exit codes: 0 success, 1 a result is an error or an input is unreadable, 64 invalid usage, 69 database not available,
78 invalid configuration.

Examples:
  warren bunny run --body task.json
  warren bunny run --no-encode --body-json '{"analysis":"DISTRIBUTION","code":"GENERIC","uuid":"u","collection":"c"}'
  warren bunny run --batch - < tasks.jsonl | jq .queryResult.count`,
    )
}

/**
 * The command line of the Python bunny: the same options without a subcommand, and the result in `output.json`. An unknown
 * subcommand leads here too, because the parser treats it as an argument of this command.
 */
export function pythonCommand(io: CliIo): Command {
  const command = taskCommand('query', io, 'output.json')
    .description('answer one task, with the command line of the Python bunny')
    .allowExcessArguments()
  command.hook('preAction', () => {
    const [word] = command.args
    const parent = command.parent
    if (parent === null) return
    if (word === undefined) {
      if (inputsOf(command.opts()).length === 0) parent.help({ error: true })
      return
    }
    const known = parent.commands.filter((one) => one !== command).map((one) => one.name())
    const nearest = nearestName(word, known)
    const guess = nearest === undefined ? '' : `\n(Did you mean ${nearest}?)`
    parent.error(`error: unknown command '${word}'${guess}`)
  })
  return command
}

function taskCommand(name: string, io: CliIo, defaultOutput?: string): Command {
  const outputHelp = `file for the result${defaultOutput === undefined ? ' (default: standard output)' : ''}`
  return new Command(name)
    .option('--body <file>', 'task as a JSON file, - for standard input')
    .option('--body-json <text>', 'task as JSON text')
    .option('--batch <file>', 'many tasks, one JSON object per line, - for standard input')
    .option('-m, --modifiers <json>', 'other suppression and rounding than that of the site')
    .option('--no-encode', 'write the files of a distribution as readable text')
    .option('-o, --output <file>', outputHelp, defaultOutput)
    .option('--json', 'print JSON on a terminal too')
    .option('--csv', 'print CSV: the number of people, or the rows of a distribution')
    .option('--dry-run', "print what would leave under the site's own policy and settings")
    .action(async (options: RunOptions, command: Command) => {
      if (inputsOf(options).length !== 1) {
        command.error('error: exactly one of --body, --body-json and --batch is required')
      }
      if (options.json === true && options.csv === true) {
        command.error('error: --json and --csv cannot be used together')
      }
      if (options.dryRun === true) {
        if (options.batch !== undefined || options.csv === true) {
          command.error('error: --dry-run cannot be used with --batch or --csv')
        }
        const body = await readTaskInput(options, io)
        await dryRun(body, { json: options.json === true }, io)
        return
      }
      await runTasks(options, io)
    })
}

const inputsOf = (options: Partial<RunOptions>): string[] =>
  [options.body, options.bodyJson, options.batch].filter((input) => input !== undefined)

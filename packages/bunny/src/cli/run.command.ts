import { nearestName, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { runTasks, type RunOptions } from './run-tasks.ts'

/** Answers questions by hand: no relay, no polling. */
export function runCommand(io: CliIo): Command {
  return taskCommand('run', io)
    .description('answer questions from files, without a relay')
    .addHelpText(
      'after',
      `
With --batch every line is {"query": {…}, "modifiers": […]} (modifiers may be left out), and every line of the output is the
result of that line. A line that cannot be read gets an error result in its place. Blank lines are skipped.

Modifiers say how counts are hidden and rounded; none at all means hide below 10, round to 10:
  [{"id":"Low Number Suppression","threshold":20},{"id":"Rounding","nearest":0}]

Exit code: 0 answered; 1 a result is an error, or an input cannot be read; 64 usage; 69 no database; 78 configuration.

Examples:
  warren bunny run --body query.json
  warren bunny run --body-json '{"code":"GENERIC","analysis":"DISTRIBUTION","uuid":"u","collection":"c","owner":"me"}' --no-encode
  make-queries | warren bunny run --batch - | jq .queryResult.count`,
    )
}

/**
 * As the Python client is called: the same options without a subcommand, and the result in `output.json`. What looks
 * like another subcommand ends here too, because the parser takes it for an argument of this one.
 */
export function pythonCommand(io: CliIo): Command {
  const command = taskCommand('query', io, 'output.json')
    .description('answer one question, as the Python client does')
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
  return new Command(name)
    .option('--body <file>', 'the question as a JSON file, - for standard input')
    .option('--body-json <text>', 'the question as JSON text')
    .option('--batch <file>', 'many questions, one JSON object a line; - for standard input')
    .option('-m, --modifiers <json>', 'how counts are hidden and rounded', '[]')
    .option('--no-encode', 'leave the files of a distribution as readable text')
    .option(
      '-o, --output <file>',
      'where the result goes; standard output unless told',
      defaultOutput,
    )
    .action(async (options: RunOptions, command: Command) => {
      if (inputsOf(options).length !== 1) {
        command.error('error: give exactly one of --body, --body-json and --batch')
      }
      await runTasks(options, io)
    })
}

const inputsOf = (options: Partial<RunOptions>): string[] =>
  [options.body, options.bodyJson, options.batch].filter((given) => given !== undefined)

#!/usr/bin/env node
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExitCode, formatTable, processIo, progressBar } from '@warren/runtime'
import type { CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { scenarios } from './scenarios.ts'
import { collect } from './scenarios/collect.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { compare } from './scoring/compare.ts'
import type { Comparison } from './scoring/compare.ts'
import { reportOn } from './scoring/report-on.ts'
import { misses, passes, tally, totals } from './scoring/tally.ts'
import { writeFiles } from './scoring/write-files.ts'

interface ScoreOptions {
  readonly only?: string
  readonly keep?: string
  readonly json?: boolean
  readonly allPairs?: boolean
  readonly seed?: string
}

const HEAD = ['cause', 'expected', 'found', 'party', 'state', 'missed', 'extra', 'wrongly healthy']

const command = new Command('score')
  .description('Compare the report with simulated networks whose faults are known.')
  .option('--only <pattern>', 'only scenarios whose name matches this regular expression')
  .option('--keep <folder>', 'keep the logs and the reports in this folder')
  .option('--json', 'print the comparison as JSON')
  .option('--all-pairs', 'use every pair of causes, not a selection')
  .option('--seed <text>', 'use other phases, latencies and IDs')
  .action(async (options: ScoreOptions) => {
    process.exitCode = await score(options, processIo())
  })
await command.parseAsync()

/** Exit code 0: the score is sufficient. Only the duration depends on when and where it runs. */
async function score(options: ScoreOptions, io: CliIo): Promise<number> {
  const started = performance.now()
  const pattern = new RegExp(options.only ?? '')
  const chosen = scenarios(options).filter(({ name }) => {
    return pattern.test(name)
  })
  if (chosen.length === 0) {
    io.stderr.write(`error: no scenario matches ${pattern.source}\n`)
    return ExitCode.usage
  }
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'warren-corpus-'))
  const bar = progressBar({ title: 'Scoring', total: chosen.length, stream: io.stderr })
  const comparisons: Comparison[] = []
  try {
    for (const scenario of chosen) {
      comparisons.push(await scoreScenario(scenario, folder, options.keep !== undefined))
      bar.update(comparisons.length)
    }
  } finally {
    bar.stop()
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true })
  }
  const seconds = (performance.now() - started) / 1000
  io.stdout.write(options.json === true ? asJson(comparisons) : asText(comparisons, seconds, io))
  return passes(totals(comparisons)) ? ExitCode.ok : ExitCode.failure
}

async function scoreScenario(scenario: Scenario, root: string, keep: boolean): Promise<Comparison> {
  const folder = join(root, scenario.name.replaceAll(/[^a-z0-9-]+/gi, '_'))
  const files = collect(scenario)
  writeFiles(folder, files)
  try {
    const report = await reportOn(scenario, folder, files)
    if (keep)
      writeFileSync(
        join(root, `${folder.slice(root.length + 1)}.json`),
        JSON.stringify(report, null, 1),
      )
    return compare(scenario, report)
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true })
  }
}

function asText(comparisons: readonly Comparison[], seconds: number, { stdout }: CliIo): string {
  const sum = totals(comparisons)
  const rows = tally(comparisons).map((row) => [
    row.cause,
    row.expected,
    row.found,
    row.rightParty,
    row.rightState,
    row.missed,
    row.extra,
    row.falseGreen,
  ])
  const wrong = misses(comparisons)
  const share = (sum.rightShare * 100).toFixed(1)
  return [
    formatTable(rows, { head: HEAD, tty: stdout.isTTY === true }),
    ...(wrong.length === 0 ? [] : ['\n', ...wrong.map((line) => `${line}\n`)]),
    '\n',
    `${sum.right} of ${sum.expected} causes found with the right party (${share}%)\n`,
    `${sum.falseGreen} of ${sum.scenarios} scenarios wrongly called healthy\n`,
    `${sum.raisedOnHealthy} errors and warnings on ${sum.healthyRuns} healthy runs\n`,
    `${sum.wrongVerdicts} wrong verdicts, ${sum.wrongLinks} wrong link states on healthy runs\n`,
    `${seconds.toFixed(1)} s\n`,
  ].join('')
}

function asJson(comparisons: readonly Comparison[]): string {
  const document = {
    totals: totals(comparisons),
    causes: tally(comparisons),
    misses: misses(comparisons),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

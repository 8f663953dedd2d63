#!/usr/bin/env node
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExitCode, processIo, progressBar } from '@warren/runtime'
import type { CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { comparePair } from './pairs/compare-pair.ts'
import type { PairResult } from './pairs/compare-pair.ts'
import { pairs } from './pairs/pairs.ts'

/** Minimum share of pairs that must be right. */
const MIN_RIGHT_SHARE = 0.95

interface ScoreOptions {
  readonly only?: string
  readonly keep?: string
}

const command = new Command('score-pairs')
  .description('Compare pairs of simulated logs, before and after, whose outcome is known.')
  .option('--only <pattern>', 'only pairs whose name matches this regular expression')
  .option('--keep <folder>', 'keep the logs in this folder')
  .action(async (options: ScoreOptions) => {
    process.exitCode = await score(options, processIo())
  })
await command.parseAsync()

/** Exit code 0: enough pairs are right, and nothing was wrongly called gone. */
async function score({ only = '', keep }: ScoreOptions, io: CliIo): Promise<number> {
  const chosen = pairs().filter(({ name }) => new RegExp(only).test(name))
  if (chosen.length === 0) {
    io.stderr.write(`error: no pair matches ${only}\n`)
    return ExitCode.usage
  }
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'warren-pairs-'))
  const bar = progressBar({ title: 'Scoring', total: chosen.length, stream: io.stderr })
  const results: PairResult[] = []
  try {
    for (const pair of chosen) {
      const own = join(folder, pair.name.replaceAll(/[^a-z0-9-]+/gi, '_'))
      results.push(await comparePair(pair, own))
      if (keep === undefined) rmSync(own, { recursive: true, force: true })
      bar.update(results.length)
    }
  } finally {
    bar.stop()
    if (keep === undefined) rmSync(folder, { recursive: true, force: true })
  }
  const right = results.filter(({ problems }) => problems.length === 0).length
  const falselyGone = results.filter((result) => result.falselyGone).length
  io.stdout.write(
    [
      ...results.flatMap(({ pair, problems }) => problems.map((text) => `${pair.name}: ${text}`)),
      `${right} of ${results.length} pairs right (${((right / results.length) * 100).toFixed(1)}%)`,
      `${falselyGone} of ${results.length} pairs wrongly called gone`,
      '',
    ].join('\n'),
  )
  return falselyGone === 0 && right / results.length >= MIN_RIGHT_SHARE
    ? ExitCode.ok
    : ExitCode.failure
}

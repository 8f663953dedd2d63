// `npm test`: runs vitest with the given arguments, and prints a last line `N passed, N failed, N skipped`.
// Exits with 1 if a test failed, if there was none, and in CI if one was skipped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { inCi } from '../packages/testkit/src/services/requirement.ts'

interface Counts {
  passed: number
  failed: number
  skipped: number
  /** Missing services, each with its install command. */
  missing: Set<string>
}

/** The part of vitest's JSON report that is needed here. */
interface FileResult {
  status: string
  assertionResults: { status: string; ancestorTitles: string[] }[]
}

const root = new URL('..', import.meta.url).pathname
const folder = await mkdtemp(join(tmpdir(), 'warren-results-'))
try {
  const results = join(folder, 'results.json')
  const clean = await runVitest(results)
  const counts = await countResults(results)
  const problems = [
    ...(counts.failed === 0 && !clean
      ? ['vitest reported an error outside of a test, see above']
      : []),
    ...(counts.passed + counts.failed === 0 ? ['no test ran'] : []),
    ...(inCi() && counts.skipped > 0 ? ['tests must not be skipped in CI'] : []),
  ]
  for (const missing of counts.missing) process.stdout.write(`Skipped suites need ${missing}\n`)
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.stdout.write(
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
  )
  process.exitCode = counts.failed > 0 || problems.length > 0 ? 1 : 0
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function runVitest(results: string): Promise<boolean> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(
    process.execPath,
    [
      vitest,
      'run',
      '--reporter=default',
      '--reporter=json',
      `--reporter=${join(root, 'scripts/test/closing-reporter.ts')}`,
      `--outputFile.json=${results}`,
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  // Ctrl-C is sent to vitest too. Wait for it, because it ends its services and writes the counts.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = await once(child, 'close')
  return code === 0
}

async function countResults(path: string): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, missing: new Set() }
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    // vitest could not start, and has printed the reason.
    return counts
  }
  const { testResults: files }: { testResults: FileResult[] } = JSON.parse(text)
  for (const file of files) {
    const statuses = file.assertionResults.map((test) => test.status)
    const failed = statuses.filter((status) => status === 'failed').length
    const passed = statuses.filter((status) => status === 'passed').length
    for (const title of file.assertionResults.flatMap((test) => test.ancestorTitles)) {
      const missing = /\(skipped, needs (?<what>.+)\)$/.exec(title)?.groups?.['what']
      if (missing !== undefined) counts.missing.add(missing)
    }
    counts.passed += passed
    counts.skipped += statuses.length - passed - failed
    // A file that could not be loaded, or whose hooks failed, counts as one failure.
    counts.failed += failed === 0 && file.status === 'failed' ? 1 : failed
  }
  return counts
}

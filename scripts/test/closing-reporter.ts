import type { Reporter, TestModule } from 'vitest/node'

const SLOWEST_FILES = 5

/** After a run, prints the slowest files, and each test that failed once and passed when it was repeated. */
// oxlint-disable-next-line import/no-default-export -- vitest loads a reporter by the default export of its file
export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const slowest = modules
      .map((module) => ({
        file: module.relativeModuleId,
        seconds: module.diagnostic().duration / 1000,
      }))
      .toSorted((a, b) => b.seconds - a.seconds)
      .slice(0, SLOWEST_FILES)
    if (modules.length > SLOWEST_FILES) {
      write('Slowest files:')
      for (const { file, seconds } of slowest) write(`  ${seconds.toFixed(1)} s  ${file}`)
    }
    const unstable = modules.flatMap((module) =>
      [...module.children.allTests()]
        .filter((test) => test.diagnostic()?.flaky === true)
        .map((test) => `${module.relativeModuleId} > ${test.fullName}`),
    )
    if (unstable.length > 0) {
      write(`Unstable: ${unstable.length} tests failed, and passed when they were repeated:`)
      for (const test of unstable) write(`  ${test}`)
    }
  }
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

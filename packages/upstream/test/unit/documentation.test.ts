import { readFileSync } from 'node:fs'
import { configurationRows } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { upstreamConfig } from '../../src/index.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The cells of the table whose head begins with `first`. */
function table(first: string): string[][] {
  const lines = README.split('\n')
  const head = lines.findIndex((line) => line.startsWith(`| ${first}`))
  const body = lines.slice(head + 2)
  return body
    .slice(
      0,
      body.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

describe('the README', () => {
  it('lists exactly the environment variables, with default and meaning', () => {
    const documented = table('variable').map(([name, value, meaning]) => [
      name,
      value,
      meaning?.replace(/ Also as \w+\.$/, ''),
    ])
    const real = configurationRows(upstreamConfig).map((row) => [
      row.name,
      row.default ?? '',
      row.description,
    ])
    expect(new Set(documented)).toEqual(new Set(real))
  })
})

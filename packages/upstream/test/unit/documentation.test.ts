import { readFileSync } from 'node:fs'
import { configurationRows } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { UPSTREAM_ERRORS, upstreamConfig } from '../../src/index.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** Cells of the table whose head begins with `first`. */
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
  it('lists every error with its status, and no other', () => {
    const documented = table('code').map(([code, status]) => [code, status])
    const real = Object.entries(UPSTREAM_ERRORS).map(([code, { status }]) => [code, String(status)])
    expect(new Set(documented)).toEqual(new Set(real))
  })

  it('lists every setting with its default, and no other', () => {
    const documented = table('setting').map(([name, value]) => [name, value])
    const real = configurationRows(upstreamConfig).map((row) => [row.name, row.default ?? ''])
    expect(new Set(documented)).toEqual(new Set(real))
  })
})

import { stripVTControlCharacters } from 'node:util'

import { describe, expect, it } from 'vitest'

import { displayWidth, formatTable, progressBar, styles } from '../../src/index.ts'

function sink(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, columns: 80, write: (text: string) => written.push(text), written }
}

describe('styles', () => {
  it('colours on a terminal', () => {
    expect(styles(sink(true), {}).red('x')).toBe('\u001b[31mx\u001b[39m')
  })

  it.each([
    ['in a pipe', false, {}],
    ['with NO_COLOR', true, { NO_COLOR: '1' }],
    ['on a dumb terminal', true, { TERM: 'dumb' }],
    ['with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }],
    ['with NO_COLOR against FORCE_COLOR', false, { NO_COLOR: '1', FORCE_COLOR: '1' }],
  ])('does not colour %s', (_, isTTY, env) => {
    expect(styles(sink(isTTY), env).bold('x')).toBe('x')
  })

  it('colours in a pipe when told to', () => {
    expect(styles(sink(false), { FORCE_COLOR: '1' }).green('x')).toContain('\u001b[32m')
  })

  it('takes an empty NO_COLOR for unset', () => {
    expect(styles(sink(true), { NO_COLOR: '' }).green('x')).toContain('\u001b[32m')
  })
})

describe('formatTable', () => {
  const rows = [
    ['site-a', 7, 'ok'],
    ['site-bcd', 1_130, undefined],
  ]

  it('aligns columns on a terminal, numbers to the right', () => {
    expect(formatTable(rows, { head: ['NODE', 'POLLS', 'STATE'], tty: true })).toBe(
      ['NODE      POLLS  STATE', 'site-a        7  ok', 'site-bcd   1130', ''].join('\n'),
    )
  })

  it('puts tabs between plain cells in a pipe, without a head', () => {
    const styled = [[styles(sink(true), {}).red('a'), 'b\tc\nd', null], ...rows]
    expect(formatTable(styled, { head: ['NODE', 'POLLS', 'STATE'], tty: false })).toBe(
      'a\tb c d\t\nsite-a\t7\tok\nsite-bcd\t1130\t\n',
    )
  })

  it('counts neither styles nor combining marks, and wide characters twice', () => {
    expect(displayWidth(styles(sink(true), {}).red('abc'))).toBe(3)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('東京')).toBe(4)
    expect(displayWidth('✅')).toBe(2)
  })

  it('says nothing for no rows in a pipe and the head alone on a terminal', () => {
    expect(formatTable([], { head: ['NODE'], tty: false })).toBe('')
    expect(formatTable([], { head: ['NODE'], tty: true })).toBe('NODE\n')
  })
})

describe('progressBar', () => {
  it('is silent in a pipe', () => {
    const stream = sink(false)
    const bar = progressBar({ title: 'Loading', total: 10, stream })
    bar.update(5)
    bar.stop()
    expect(stream.written).toEqual([])
  })

  it('draws on a terminal and leaves signal handling alone', () => {
    const listeners = process.listenerCount('SIGINT')
    const stream = sink(true)
    const bar = progressBar({ title: 'Loading', total: 10, stream })
    expect(process.listenerCount('SIGINT')).toBe(listeners)
    bar.update(25)
    bar.stop()
    expect(stripVTControlCharacters(stream.written.join(''))).toMatch(/Loading .* 100% 10\/10/)
  })
})

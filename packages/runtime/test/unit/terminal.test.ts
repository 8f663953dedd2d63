import { stripVTControlCharacters } from 'node:util'

import { describe, expect, it } from 'vitest'

import {
  columnsOf,
  displayWidth,
  formatTable,
  LiveLine,
  progressBar,
  styles,
  truncate,
  wrapWords,
} from '../../src/index.ts'
import { fitHelp } from '../../src/terminal/fit-help.ts'
import { asInvoked } from '../../src/terminal/invocation.ts'

function sink(isTTY: boolean, columns = 80) {
  const written: string[] = []
  return { isTTY, columns, write: (text: string) => written.push(text), written }
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

  it('colours in a pipe with FORCE_COLOR', () => {
    expect(styles(sink(false), { FORCE_COLOR: '1' }).green('x')).toContain('\u001b[32m')
  })

  it('ignores an empty NO_COLOR', () => {
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

  it('returns nothing for no rows in a pipe, and the head alone on a terminal', () => {
    expect(formatTable([], { head: ['NODE'], tty: false })).toBe('')
    expect(formatTable([], { head: ['NODE'], tty: true })).toBe('NODE\n')
  })
})

describe('columnsOf', () => {
  it.each([
    ['the width of the terminal', true, 120, {}, 120],
    ['COLUMNS where it is smaller', true, 120, { COLUMNS: '60' }, 60],
    ['the terminal where COLUMNS is larger', true, 60, { COLUMNS: '120' }, 60],
    ['COLUMNS in a pipe', false, undefined, { COLUMNS: '132' }, 132],
    ['80 in a pipe', false, undefined, {}, 80],
    ['80 on a terminal of unknown width', true, 0, {}, 80],
    ['80 where COLUMNS is not a number', false, undefined, { COLUMNS: 'wide' }, 80],
    ['20 where a terminal is too narrow for any layout', true, 3, {}, 20],
  ])('is %s', (_, isTTY, columns, env, expected) => {
    expect(columnsOf({ isTTY, columns, write: () => {} }, env)).toBe(expected)
  })
})

describe('truncate', () => {
  it('leaves a text that fits as it is', () => {
    expect(truncate('answered', 8)).toBe('answered')
  })

  it('ends with … at the given width, wide characters counted twice', () => {
    expect(truncate('answered', 5)).toBe('answ…')
    expect(truncate('東京大阪', 6)).toBe('東京…')
  })

  it('closes the styles it has opened', () => {
    const { red } = styles(sink(true), {})
    expect(truncate(`${red('abc')} def`, 3)).toBe('\u001b[31mab…\u001b[39m')
  })
})

describe('wrapWords', () => {
  it('breaks at spaces, with a prefix for the first line and one for the others', () => {
    expect(wrapWords('one two three', 9, { first: '- ', rest: '  ' })).toEqual([
      '- one two',
      '  three',
    ])
  })

  it('never breaks a word', () => {
    expect(wrapWords('a incomprehensibility b', 10)).toEqual(['a', 'incomprehensibility', 'b'])
  })
})

describe('a table on a narrow terminal', () => {
  const head = ['name', 'collection ID', 'worker']
  const rows = [
    ['north', '0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a11', 'a worker with a long name of its own'],
    ['south', '0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a12', 'curl/8'],
  ]

  it('wraps cells at spaces', () => {
    expect(formatTable(rows, { head, tty: true, columns: 70 })).toBe(
      [
        'name   collection ID                         worker',
        'north  0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a11  a worker with a long name',
        '                                             of its own',
        'south  0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a12  curl/8',
        '',
      ].join('\n'),
    )
  })

  it('becomes a list of records rather than break a word', () => {
    const narrow = [['north', '0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a11', 'worker-of-the-north']]
    expect(formatTable([...narrow, ...narrow], { head, tty: true, columns: 60 })).toBe(
      [
        'name           north',
        'collection ID  0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a11',
        'worker         worker-of-the-north',
        '',
        'name           north',
        'collection ID  0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a11',
        'worker         worker-of-the-north',
        '',
      ].join('\n'),
    )
  })

  it('puts a value that is too long below its name', () => {
    const settings = [
      ['RELAY_PORT', '8080'],
      ['RELAY_UPSTREAM_BASE_URL', 'https://upstream.example.org/link_connector_api'],
    ]
    expect(formatTable(settings, { head: ['variable', 'value'], tty: true, columns: 60 })).toBe(
      [
        'variable                 value',
        'RELAY_PORT               8080',
        'RELAY_UPSTREAM_BASE_URL',
        '  https://upstream.example.org/link_connector_api',
        '',
      ].join('\n'),
    )
  })

  it('is never wider than the terminal, whatever is in it', () => {
    const cells = [['a'.repeat(70), 'b c d '.repeat(20), 7]]
    for (const columns of [20, 40, 60, 80]) {
      for (const options of [{}, { head }]) {
        const text = formatTable(cells, { ...options, tty: true, columns })
        for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns)
      }
    }
  })

  it('keeps spaces in cells that fit', () => {
    expect(formatTable([['a  b', 'c']], { tty: true, columns: 20 })).toBe('a  b  c\n')
  })
})

describe('LiveLine', () => {
  it('draws nothing in a pipe and on a dumb terminal', () => {
    for (const [stream, env] of [
      [sink(false), {}],
      [sink(true), { TERM: 'dumb' }],
    ] as const) {
      const line = new LiveLine(stream, env)
      line.draw('waiting')
      line.clear()
      expect(stream.written).toEqual([])
    }
  })

  it('clears what was drawn before and leaves the last column free', () => {
    const stream = sink(true, 40)
    const line = new LiveLine(stream, {})
    line.draw('x'.repeat(100))
    line.clear()
    line.clear()
    expect(stream.written).toEqual([`\r\u001b[2K${'x'.repeat(38)}…`, '\r\u001b[2K'])
  })

  it('clears every row of a line that wraps since the terminal became narrower', () => {
    const stream = sink(true, 80)
    const line = new LiveLine(stream, {})
    line.draw('x'.repeat(70))
    stream.columns = 30
    line.draw('short')
    expect(stream.written.at(-1)).toBe('\u001b[2A\r\u001b[Jshort')
  })
})

describe('fitHelp', () => {
  it('leaves text that fits as it is', () => {
    const text = 'Examples:\n  warren demo   run it\n\n  a  b\n'
    expect(fitHelp(text, 80)).toBe(text)
  })

  it('wraps paragraphs, and indents the rest of a usage line', () => {
    expect(fitHelp('one two three\nfour five\n', 12)).toBe('one two\nthree four\nfive\n')
    expect(fitHelp('Usage: warren demo [options]\n', 20)).toBe(
      'Usage: warren demo\n       [options]\n',
    )
  })

  it('breaks commands so that a shell still accepts them', () => {
    const command = `  make-tasks | warren bunny run --batch - --output results.jsonl | jq '.a | {b}'\n`
    expect(fitHelp(command, 40)).toBe(
      [
        '  make-tasks |',
        '    warren bunny run --batch - \\',
        '    --output results.jsonl |',
        "    jq '.a | {b}'",
        '',
      ].join('\n'),
    )
  })

  it('breaks JSON behind commas only', () => {
    expect(fitHelp(`  warren bunny run --body-json '{"code":"GENERIC","uuid":"1 2"}'\n`, 34)).toBe(
      [
        '  warren bunny run --body-json \\',
        `    '{"code":"GENERIC",`,
        `    "uuid":"1 2"}'`,
        '',
      ].join('\n'),
    )
    expect(fitHelp('  [{"id":"Low Number Suppression","threshold":20}]\n', 40)).toBe(
      '  [{"id":"Low Number Suppression",\n    "threshold":20}]\n',
    )
  })

  it('puts descriptions below commands if they do not fit next to them', () => {
    const text = '  warren demo                 run a network\n  warren report logs/  check\n'
    expect(fitHelp(text, 34)).toBe(
      '  warren demo\n      run a network\n  warren report logs/\n      check\n',
    )
  })
})

describe('asInvoked', () => {
  it.each([
    ['Run warren relay users list.', 'Run npx --no-install warren relay users list.'],
    ['RELAY_STORE=x warren relay serve', 'RELAY_STORE=x npx --no-install warren relay serve'],
    ['Usage: warren [options]', 'Usage: npx --no-install warren [options]'],
    ['a warren of rabbits, ~/.cache/warren', 'a warren of rabbits, ~/.cache/warren'],
  ])('replaces commands only: %s', (text, expected) => {
    expect(asInvoked(text, 'npx --no-install warren')).toBe(expected)
    expect(asInvoked(text)).toBe(text)
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

  it.each([20, 30, 60, 80, 200])('never draws a line wider than %i columns', (columns) => {
    const stream = sink(true, columns)
    const bar = progressBar({ title: 'reading', total: 123_456_789, stream, env: {} })
    bar.update(123_456)
    bar.stop()
    for (const text of stream.written) {
      expect(displayWidth(text.replace('\r', '').trimEnd())).toBeLessThan(columns)
    }
  })
})

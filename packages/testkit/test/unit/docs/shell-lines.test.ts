import { describe, expect, it } from 'vitest'

import { shellCommands } from '../../../../../scripts/docs/shell-lines.ts'

function words(text: string, language = 'sh'): (readonly string[])[] {
  return shellCommands(text.split('\n'), 10, language).map((command) => command.words)
}

describe('shellCommands', () => {
  it('splits words, quotes and lists', () => {
    expect(words(`warren report "a b".log 'c d' e\\ f && npm test; ls | wc -l`)).toEqual([
      ['warren', 'report', 'a b.log', 'c d', 'e f'],
      ['npm', 'test'],
      ['ls'],
      ['wc', '-l'],
    ])
  })

  it('removes prompts, comments, redirections and variables set for one command', () => {
    expect(words('$ RELAY_PORT=80 warren relay serve > out 2>&1 # the relay\n# nothing')).toEqual([
      ['warren', 'relay', 'serve'],
    ])
    expect(words('export RELAY_PORT=80\nRELAY_PORT=80')).toEqual([['export', 'RELAY_PORT=80']])
  })

  it('joins continued lines and keeps the number of the first one', () => {
    const text = 'ls\nwarren report \\\n  --json \\\n  a.log'
    expect(shellCommands(text.split('\n'), 10, 'sh')).toEqual([
      { line: 10, words: ['ls'] },
      { line: 11, words: ['warren', 'report', '--json', 'a.log'] },
    ])
  })

  it('reads a substitution as one word', () => {
    expect(words('warren ask "$(cat task.json)" $(date +%s)')).toEqual([
      ['warren', 'ask', '$(cat task.json)', '$(date +%s)'],
    ])
  })

  it('reads only lines with a prompt in a console block', () => {
    expect(words('$ warren --version\n0.1.0\n# warren demo', 'console')).toEqual([
      ['warren', '--version'],
      ['warren', 'demo'],
    ])
  })
})

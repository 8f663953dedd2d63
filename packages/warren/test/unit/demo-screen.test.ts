import { displayWidth } from '@warren/runtime'
import { describe, expect, it } from 'vitest'

import type { QuestionOutcome } from '../../src/demo/outcome.ts'
import { STAGES, type QuestionProgress } from '../../src/demo/question-progress.ts'
import { QUESTIONS } from '../../src/demo/questions.ts'
import { DemoScreen } from '../../src/demo/screen.ts'
import { VirtualTerminal } from '../virtual-terminal.ts'

const NODES = ['lakeview', 'northgate', 'riverside', 'st-brides']
const RESULTS = NODES.map((node) => ({ node, status: 'ok', count: 1_234_560 }) as const)

const STEPS: readonly QuestionProgress[] = [
  { stage: 'asked', asked: 0, handedOut: 0, results: [] },
  { stage: 'asked', asked: 4, handedOut: 0, results: [] },
  ...[1, 2, 3, 4].map((handedOut) => ({
    stage: 'handed out' as const,
    asked: 4,
    handedOut,
    results: [],
  })),
  ...[1, 2, 3, 4].map((count) => ({
    stage: 'answered' as const,
    asked: 4,
    handedOut: 4,
    results: RESULTS.slice(0, count),
  })),
  { stage: 'combined', asked: 4, handedOut: 4, results: RESULTS },
  { stage: 'submitted', asked: 4, handedOut: 4, results: RESULTS },
]

const REASON = 'this site has no Location data, so a negated Location rule cannot be answered'

const OUTCOME: QuestionOutcome = {
  name: 'any',
  task: {},
  hospitals: [
    { node: 'lakeview', status: 'error', count: 0, trueCount: undefined, reason: REASON },
    { node: 'northgate', status: 'ok', count: 1_234_560, trueCount: 1_234_561 },
    { node: 'riverside', status: 'ok', count: 0, trueCount: 8 },
    { node: 'st-brides', status: 'missing', count: 0, trueCount: 7 },
  ],
  trueCount: 12_345_678,
  combined: { status: 'ok', count: 12_345_680, message: 'answered by 3 of 4 nodes' },
  ms: 12_345,
  excerpt: ['Male 5,820, Female 6,010'],
}

function showAll(screen: DemoScreen): void {
  screen.title('A network in this process: four hospitals, a relay and an upstream')
  for (const step of ['generating synthetic patients', 'starting the relay']) screen.step(step)
  screen.clear()
  screen.fact('upstream', 'http://127.0.0.1:40000')
  screen.paragraph('The demo shows the result of each hospital. '.repeat(5))
  for (const [index, question] of QUESTIONS.entries()) {
    screen.question(index + 1, question)
    for (const step of STEPS) screen.progress(step)
    screen.outcome(question, STEPS.at(-1) ?? STEPS[0]!, OUTCOME)
  }
  screen.command('Ask a question:', `curl -s 'http://127.0.0.1:40000/api' -d '{"a":1,"b":2}'`)
}

describe('the demo screen', () => {
  it.each([50, 60, 79, 80, 81, 120, 200])(
    'never writes a line wider than %i columns and leaves no stale line',
    (columns) => {
      const terminal = new VirtualTerminal(columns)
      showAll(new DemoScreen(terminal, { TERM: 'xterm', FORCE_COLOR: '1' }))
      expect(terminal.wraps).toBe(0)

      const piped: string[] = []
      const pipe = { columns, write: (text: string) => piped.push(text) }
      showAll(new DemoScreen(pipe, { COLUMNS: String(columns) }))
      expect(terminal.lines).toEqual(
        piped
          .join('')
          .split('\n')
          .map((line) => line.trimEnd()),
      )
    },
  )

  it.each([60, 80])(
    'shows the stage on one line while a question travels at %i columns',
    (columns) => {
      const terminal = new VirtualTerminal(columns)
      const screen = new DemoScreen(terminal, { TERM: 'xterm', NO_COLOR: '1' })
      for (const step of STEPS) {
        screen.progress(step)
        expect(terminal.lines).toHaveLength(1)
      }
      expect(terminal.lines[0]).toBe(
        columns === 60
          ? '   ●●●●● submitted'
          : '   ● asked  ● handed to 4 nodes  ● 4 answered  ● combined  ● submitted',
      )
      expect(STAGES).toHaveLength(5)
    },
  )

  it('fits 80 columns in a pipe of unknown width, with nothing left out', () => {
    const written: string[] = []
    showAll(new DemoScreen({ write: (text) => written.push(text) }, {}))
    const text = written.join('')
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80)
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('…')
    expect(text.replaceAll(/\s+/g, ' ')).toContain(REASON)
    expect(text).toMatch(/riverside +suppressed +true 8\n/)
    expect(text).toMatch(/st-brides +no response\n/)
  })

  it('says that rows of a file are left out on purpose', () => {
    const question = QUESTIONS.find(({ task }) => task['code'] === 'GENERIC')
    const written: string[] = []
    new DemoScreen({ write: (text) => written.push(text) }, {}).outcome(question!, STEPS.at(-1)!, {
      ...OUTCOME,
      hospitals: [
        { node: 'northgate', status: 'ok', count: 269, trueCount: 269 },
        { node: 'riverside', status: 'ok', count: 240, trueCount: 1_269 },
      ],
      trueCount: 1_270,
      combined: { status: 'ok', count: 1_269, message: null },
    })
    const text = written.join('')
    expect(text).toMatch(/northgate +269 rows +of 269\n/)
    expect(text).toMatch(/riverside +240 rows +of 1,269; 1,029 left out: too few people\n/)
    expect(text).toMatch(/combined +1,269 rows +of 1,270; 1 left out: too few people\n/)
    expect(text).not.toContain('true')
  })

  it('adapts when the terminal becomes narrower while a question travels', () => {
    let terminal = new VirtualTerminal(80)
    const out = {
      isTTY: true,
      get columns() {
        return terminal.columns
      },
      write: (text: string) => terminal.write(text),
    }
    const screen = new DemoScreen(out, { TERM: 'xterm', NO_COLOR: '1' })
    for (const step of STEPS) screen.progress(step)
    const before = terminal.lines[0] ?? ''
    // A terminal that reflows shows the line on two rows, with the cursor at the end of the second.
    terminal = new VirtualTerminal(60)
    terminal.write(before)
    expect(terminal.lines).toHaveLength(2)
    screen.progress(STEPS.at(-2) ?? STEPS[0]!)
    expect(terminal.lines).toEqual(['   ●●●●○ combined'])
  })
})

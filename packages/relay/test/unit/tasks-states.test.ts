import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import {
  SUBTASK_MOVES,
  SUBTASK_STATES,
  TASK_MOVES,
  TASK_STATES,
} from '../../src/vocabulary/task-states.ts'

const SRC = join(import.meta.dirname, '../../src')

describe('states of tasks and subtasks', () => {
  it.each([
    ['task', TASK_STATES, TASK_MOVES, 'open'],
    ['subtask', SUBTASK_STATES, SUBTASK_MOVES, 'queued'],
  ] as const)(
    'every state of a %s except the first is reached by a move',
    (_, states, moves, first) => {
      const reached = new Set<string>(Object.values(moves).map(({ to }) => to))
      expect(states.filter((state) => state !== first && !reached.has(state))).toEqual([])
    },
  )

  it('a settled task never becomes open again, and an answered subtask stays answered', () => {
    expect(Object.values(TASK_MOVES).map(({ to }) => to)).not.toContain('open')
    for (const { from, to } of Object.values(SUBTASK_MOVES)) {
      if ((from as readonly string[]).includes('answered')) expect(to).toBe('answered')
    }
  })

  it('only the file for moves writes a state', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    const writers = files
      .filter((file) => file.endsWith('.ts') && file.startsWith('store'))
      .filter((file) => /\.set\(\{[^}]*\bstate\b/.test(readFileSync(join(SRC, file), 'utf8')))
    expect(writers).toEqual([join('store', 'state-moves.ts')])
  })
})

import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { RELAY_LOG_EVENTS } from '../../src/index.ts'

// Logged by the runtime for the relay, or with a message that is not in the call.
const OTHERS = [
  'relay stopping',
  'relay stopped',
  'link summary',
  'nodes summary',
  'configuration warning',
  'log lines omitted',
]

const folder = fileURLToPath(new URL('../../src', import.meta.url))
const sources = globSync('**/*.ts', { cwd: folder }).map((file) =>
  readFileSync(`${folder}/${file}`, 'utf8'),
)

/** The text of every call of a logger's method, without its closing bracket. */
function loggingCalls(source: string): string[] {
  return [...source.matchAll(/\blog(?:\.(?:trace|debug|info|warn|error|fatal)|\[level\])\(/g)].map(
    (match) => {
      const start = match.index + match[0].length
      let depth = 1
      let end = start
      for (; depth > 0 && end < source.length; end += 1) {
        if (source[end] === '(') depth += 1
        if (source[end] === ')') depth -= 1
      }
      return source.slice(start, end - 1)
    },
  )
}

describe('the list of log events', () => {
  it('contains exactly the events that the sources log', () => {
    const messages = sources
      .flatMap((source) => loggingCalls(source))
      .flatMap((call) => {
        const strings = [...call.matchAll(/'([^'\n]*)'/g)].map((match) => match[1] ?? '')
        // `isLeader ? 'polling started' : 'polling stopped'` is two events.
        return /\? '[^']*' : '[^']*',?\s*$/.test(call) ? strings.slice(-2) : strings.slice(-1)
      })
    const logged = new Set([...messages, ...OTHERS])
    expect([...logged].toSorted()).toEqual(Object.keys(RELAY_LOG_EVENTS).toSorted())
  })
})

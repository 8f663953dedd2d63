import { BunnyEvent } from '@warren/bunny'
import { RELAY_LOG_EVENTS } from '@warren/relay'
import { describe, expect, it } from 'vitest'

import { JsonEvent } from '../../src/formats/json-event.ts'
import { WarrenBunnyEvents } from '../../src/formats/warren-bunny-events.ts'
import type { WarrenEvents } from '../../src/formats/warren-events.ts'
import { WarrenRelayEvents } from '../../src/formats/warren-relay-events.ts'
import { reportOf } from '../fixtures/report-of.ts'

/** Events that the report does not use: it has what they say from other events, such as failed polls, or does not need it. */
const UNUSED: Readonly<Record<'relay' | 'bunny', readonly string[]>> = {
  relay: [
    'certificate not replaced',
    'certificate replaced',
    'certificates not replaced',
    'clock skew',
    'clock skew ended',
    'configuration warning',
    'connections closed by a limit',
    'database file converted',
    'database file does not shrink',
    'database notifications interrupted',
    'declared node added',
    'declared node removed',
    'declared password not updated',
    'declared user added',
    'declared user has a new password',
    'declared user has no node',
    'declared user removed',
    'declared users are not in the configuration',
    'host name resolved',
    'host name unresolved',
    'log lines omitted',
    'polling started',
    'polling stopped',
    'request rejected',
    'result partly unusable',
    'results cannot be combined',
    'settling claim lost',
    'spool not usable',
    'spooled task stored',
    'submission not recorded yet',
    'sweep failed',
    'sweep postponed',
    'task not settled, retrying',
    'task not spooled',
    'task unreadable',
    'tasks deleted',
    'upkeep failed',
    'users of the .NET relay not imported',
  ],
  bunny: [
    'cache failure',
    'cdm problem',
    'cdm problems solved',
    'certificates not replaced',
    'database connecting',
    'distribution cache refreshed',
    'distribution from cache',
    'held task decided',
    'host name resolved',
    'host name unresolved',
    'no task',
    'outbox restored',
    'policy without descendants',
    'policy without folder',
    'polls for one kind not supported',
    'polls not held',
    'result not sent',
    'result saved',
    'similar questions',
    'state in memory only',
    'task api without https',
    'task discarded',
    'task for another collection',
    'task held',
    'task kept for the next start',
    'task queue full',
    'task repeated',
    'tasks restored',
  ],
}

function isRead(program: WarrenEvents, component: string, msg: string): boolean {
  const buf = Buffer.from(JSON.stringify({ level: 30, time: 1, component, hostname: 'pod', msg }))
  const line = { buf, start: 0, end: buf.length, time: 1, fileId: 0, line: 1 }
  const event = new JsonEvent()
  expect(event.read(line)).toBe(true)
  return program.event(line as never, event, 2)
}

describe('every event of', () => {
  it.each([
    ['relay', () => new WarrenRelayEvents(), Object.keys(RELAY_LOG_EVENTS)],
    ['bunny', () => new WarrenBunnyEvents(), Object.values(BunnyEvent)],
  ] as const)('the %s is read, or listed as one without use', (program, open, events) => {
    const unread = events.filter((msg) => !isRead(open(), program, msg))
    expect(unread.toSorted()).toEqual(UNUSED[program])
  })
})

describe('tasks that are settled without silent nodes', () => {
  it('are tasks that those nodes did not answer', async () => {
    const NODE = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'
    const start = Date.UTC(2026, 0, 12, 9)
    const line = (seconds: number, level: number, msg: string, fields: object) =>
      `${JSON.stringify({ level, time: start + seconds * 1_000, component: 'relay', hostname: 'pod-0', msg, ...fields })}\n`
    const poll = (seconds: number, user: string, node: string) =>
      line(seconds, 30, 'request completed', {
        method: 'GET',
        path: `/link_connector_api/task/nextjob/${node}`,
        status: 204,
        durationMs: 3,
        user,
        node,
        requestId: `${user}${seconds}`,
      })
    const polls = Array.from(
      { length: 60 },
      (_, n) =>
        poll(n * 10, 'site-a', NODE) +
        (n < 10 ? poll(n * 10 + 1, 'site-b', NODE.replace('6', '7')) : ''),
    )
    const text = polls.join('')
    const silent = line(601, 40, 'silent nodes not waited for', {
      taskId: '0b7c2d3e-1111-4222-8333-444455556666',
      kind: 'availability',
      missing: 1,
      users: ['site-b'],
    })
    const { findings } = await reportOf({ 'relay.log': text + silent })
    expect(findings.map(({ cause, partyName }) => [cause, partyName])).toEqual([
      ['silent', 'site-b'],
    ])
    expect(findings[0]?.why).toContain('Also caused: tasks not answered')
  })
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createReport, type Cause, type ReportDocument } from '../../src/index.ts'
import { startRealNetwork, type NetworkFiles, type RealNetwork } from './real-network.ts'

/** Polls of each client before the first failure: enough to show a polling interval. */
const POLLS_FIRST = 4

const reportOf = ({ far, near, relay }: NetworkFiles) =>
  createReport([far, near, relay].map((path) => ({ path, labels: {} })))

/** Options of a site that uses the text format: no request IDs, no date, whole seconds. */
const textReportOf = ({ far, near, relayText }: NetworkFiles) =>
  createReport([
    { path: far, labels: { client: 'far' } },
    { path: near, labels: { client: 'near' } },
    { path: relayText, labels: { component: 'relay' } },
  ])

const linkOf = (report: ReportDocument, client: string) => {
  const link = report.links.find(
    ({ kind, name }) => kind === 'poll' && name.startsWith(`${client} `),
  )
  if (link === undefined) throw new Error(`the report has no link of ${client}`)
  return link
}

const findingOf = (report: ReportDocument, cause: Cause) => {
  const [found, ...more] = report.findings.filter((one) => one.cause === cause)
  expect(more, `${cause} is said once`).toEqual([])
  if (found === undefined) throw new Error(`the report does not say ${cause}`)
  return found
}

const times = async (file: string, part: string) =>
  (await readFile(file, 'utf8')).split(part).length - 1

/** Waits until `part` is in a log `more` times more often than now. */
async function logs(file: string, part: string, more: number): Promise<void> {
  const before = await times(file, part)
  await until(async () => (await times(file, part)) >= before + more, {
    what: `${more} more of ${part}`,
    timeoutMs: 15_000,
  })
}

describe('the logs of a real network', () => {
  let folder: string
  let network: RealNetwork
  let healthy: ReportDocument
  let after: ReportDocument
  let afterText: ReportDocument
  let secrets: readonly string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-report-'))
    network = await startRealNetwork(folder)
    const { files, proxy, relay } = network
    expect(await network.ask()).toBe('answered')
    // The poll of `near` is held during this time, for longer than a slow response, and then ends with a task.
    await logs(files.far, '"no task"', POLLS_FIRST / 2)
    expect(await network.ask()).toBe('answered')
    await logs(files.far, '"no task"', POLLS_FIRST)
    healthy = await reportOf(files)

    await proxy.refuse()
    await logs(files.far, '"ECONNREFUSED"', 2)
    await proxy.forward()
    await logs(files.far, '"no task"', 2)
    expect(await network.ask()).toBe('answered')
    const { password } = await relay.users.resetPassword('far')
    await logs(files.far, '"HTTP_401"', 2)
    await network.stop()

    secrets = [...network.secrets, password]
    after = await reportOf(files)
    afterText = await textReportOf(files)
  }, 90_000)

  afterAll(async () => {
    await network?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('show a network without failures as healthy, without findings', () => {
    expect(healthy.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    expect(healthy.verdict).toBe('healthy')
    expect(linkOf(healthy, 'near').state).toBe('serving')
    expect(linkOf(healthy, 'far').state).toBe('serving')
    expect(healthy.totals.unreadable).toBe(0)
  })

  it('are matched by request IDs, with every poll on both sides', () => {
    const [poll] = healthy.transactions
    expect(poll).toMatchObject({ kind: 'poll', matchedBy: 'request-id', confidence: 'certain' })
    for (const client of ['near', 'far']) {
      const [one, other] = ['client', 'relay'].map((side) =>
        linkOf(healthy, client).views.find((view) => view.side === side),
      )
      expect(one?.exchanges).toBeGreaterThan(POLLS_FIRST)
      // One may be in progress when the logs are read.
      expect(Math.abs(Number(one?.exchanges) - Number(other?.exchanges))).toBeLessThanOrEqual(1)
    }
  })

  it('show a task from its arrival to its submission', () => {
    const task = healthy.transactions.find(({ kind }) => kind === 'task')
    expect(task).toMatchObject({ matchedBy: 'task-id', confidence: 'certain', complete: true })
    const titles = task?.steps.map(({ title }) => title) ?? []
    expect(titles.at(0)).toBe('the relay receives the task from the upstream')
    expect(titles.at(-1)).toBe('the upstream accepts the combined result')
    expect(titles.filter((title) => title.endsWith(' solves the task'))).toHaveLength(2)
    const since = task?.steps.map(({ sinceStartMs }) => sinceStartMs ?? -1) ?? []
    expect(since).toEqual(since.toSorted((a, b) => a - b))
    expect(linkOf(healthy, 'far')).toMatchObject({ tasks: 2, results: 2 })
  })

  it.each([
    ['JSON lines', () => after],
    ['text lines of the relay', () => afterText],
  ])('show refused connections that have recovered, from %s', (_, report) => {
    const refused = findingOf(report(), 'connection-refused')
    expect(refused).toMatchObject({ status: 'recovered', link: linkOf(report(), 'far').id })
    expect(refused.count).toBeGreaterThanOrEqual(2)
    expect(refused.recoveredAt).not.toBeNull()
  })

  it.each([
    ['JSON lines', () => after],
    ['text lines of the relay', () => afterText],
  ])('show a password that was reset and is still wrong, from %s', (_, report) => {
    expect(findingOf(report(), 'auth-wrong-password')).toMatchObject({
      severity: 'error',
      status: 'ongoing',
      party: 'site',
      partyName: 'far',
      link: linkOf(report(), 'far').id,
    })
    expect(report().findings.map(({ cause }) => cause)).not.toContain('auth-refused')
    expect(linkOf(report(), 'far').state).toBe('failing')
    expect(report().verdict).toBe('unhealthy')
  })

  it('show no finding about the other client', () => {
    for (const report of [after, afterText]) {
      const near = linkOf(report, 'near')
      expect(near.state).toBe('serving')
      expect(
        report.findings.filter(({ link, severity }) => link === near.id && severity !== 'info'),
      ).toEqual([])
    }
  })

  it('show no password and no collection ID', () => {
    const shown = JSON.stringify([healthy, after, afterText]).toLowerCase()
    expect(secrets.filter((secret) => shown.includes(secret.toLowerCase()))).toEqual([])
  })
})

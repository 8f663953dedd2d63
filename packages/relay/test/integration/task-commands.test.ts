import { until } from '@warren/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BareNode, nodeResult } from '../harness/bare-client.ts'
import { runCli } from '../harness/run-cli.ts'
import { availabilityTask, respond, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { describeStores, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describeStores('an operator', (open) => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  let relay: TestRelay
  let node: BareNode
  let cli: (...args: string[]) => ReturnType<typeof runCli>
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    cli = (...args) => runCli({ RELAY_STORE: store.url }, ...args)
    upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() }))
    node = new BareNode(relay.url, await relay.users.add('site-a'))
  })
  afterEach(() => resources.disposeAsync())

  it('sees a task on its way, and cancels it: the upstream gets an error at once', async () => {
    const given = availabilityTask('RQ-CC-EXAMPLE')
    upstream.handOut(given)
    const task = await node.nextTask()
    const { uuid } = given
    expect((await cli('tasks', 'list')).stdout).toMatch(
      new RegExp(`^${uuid}\\tavailability\\topen\\t\\d+ s ago\\t0 of 1\\t\\d+ (s|min) left\\n$`),
    )
    const shown = await cli('tasks', 'show', uuid.slice(0, 8))
    expect(shown.stdout).toContain('site-a\tleased\t1\t-\n')
    expect((await cli('tasks', 'cancel', uuid)).exitCode).toBe(64)
    expect((await cli('tasks', 'cancel', uuid, '--yes')).stdout).toBe(`${uuid}\tsettled\n`)
    await until(() => upstream.results().length === 1)
    expect(JSON.parse(upstream.results()[0]?.body ?? '')).toMatchObject({
      status: 'error',
      uuid,
      message: 'cancelled by the hub',
    })
    expect((await node.post(task.uuid, nodeResult(task, 40))).status).toBe(409)
    await until(async () => (await cli('tasks', 'list', '--state', 'submitted')).stdout !== '')
    const again = await cli('tasks', 'cancel', uuid, '--yes')
    expect(again).toMatchObject({ exitCode: 1, stdout: '' })
    expect(again.stderr).toContain('is submitted, not open')
  })

  it('sees why a result was given up, and has it submitted once more', async () => {
    upstream.script('result', respond(400, 'no such task'))
    const given = availabilityTask('RQ-CC-EXAMPLE')
    upstream.handOut(given)
    const task = await node.nextTask()
    await node.post(task.uuid, nodeResult(task, 40))
    const { uuid } = given
    await until(async () => (await cli('tasks', 'list', '--state', 'dead')).stdout !== '')
    expect((await cli('tasks', 'list')).stdout).toMatch(/\tdead\t.*\t1 of 1\t.*400/)
    expect((await cli('tasks', 'retry', uuid)).stdout).toBe(`${uuid}\tsettled\n`)
    await until(async () => (await cli('tasks', 'list', '--state', 'submitted')).stdout !== '')
    expect(JSON.parse(upstream.results().at(-1)?.body ?? '')).toMatchObject({ status: 'ok', uuid })
    const again = await cli('tasks', 'retry', uuid)
    expect(again.stderr).toContain('is submitted, not dead')
  })

  it('sees the whole hub on one screen', async () => {
    await relay.users.add('site-b')
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    await node.nextTask()
    const status = await cli('status', '--json')
    expect(status.json()).toMatchObject({
      leaders: [{ name: expect.any(String) as unknown }],
      nodes: { silent: 0, paused: 0, disabled: 0 },
      tasks: { open: 1, settled: 0, submitted: 0, dead: 0 },
      leasedSubtasks: 1,
      dead: [],
    })
    const screen = await cli('status')
    expect(screen.stdout).toMatch(/^Open tasks\t1 \(oldest \d+ s ago\)$/m)
    expect((await cli('status', '--watch')).exitCode).toBe(64)
  })

  it('pauses a node, which then gets nothing and is not waited for', async () => {
    const other = new BareNode(relay.url, await relay.users.add('site-b'))
    await Promise.all([node.poll(), other.poll()])
    await cli('nodes', 'pause', 'site-a')
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const task = await other.nextTask()
    expect((await node.poll()).status).toBe(204)
    await other.post(task.uuid, nodeResult(task, 40))
    await until(() => upstream.results().length === 1)
    const list = await cli('nodes', 'list')
    expect(list.stdout).toMatch(
      /^site-a\tpaused\t.*\nsite-b\tok\t\d+ s ago\t0\t1\t0\t0\t\d+\.\d s\n$/,
    )
  })
})

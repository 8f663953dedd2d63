import { createDatabase, describePostgres } from '@warren/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BareNode } from '../harness/bare-client.ts'
import { createDotnetHub, type DotnetUser } from '../harness/dotnet-hub.ts'
import { runCli } from '../harness/run-cli.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

const NODE_1 = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
const NODE_2 = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a12'
const NODE_3 = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a13'
const ORPHAN = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a99'
const USERS: readonly DotnetUser[] = [
  { name: 'North.Trust', password: 'north password', nodeIds: [NODE_1, NODE_2] },
  { name: 'south', password: 'south password', declared: true, nodeIds: [NODE_3] },
  { name: 'nobody', password: null, nodeIds: [] },
]

describePostgres('the import of a .NET relay', () => {
  let resources: AsyncDisposableStack
  /** URL of the database of the .NET relay. */
  let hub: string
  let storeUrl: string
  let cli: (...args: string[]) => ReturnType<typeof runCli>
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    hub = resources.use(await createDatabase()).url
    storeUrl = resources.use(await openSqlite()).url
    cli = (...args) => runCli({ RELAY_STORE: storeUrl }, ...args)
  })
  afterEach(() => resources.disposeAsync())

  it('takes over users, passwords and nodes, and can be repeated', async () => {
    await createDotnetHub(hub, { users: USERS, nodeIds: [ORPHAN], openTasks: ['open-task'] })
    const dry = await cli('import', '--from', hub, '--dry-run')
    expect(dry.stdout).toBe(
      'North.Trust\t2\twould be added\nsouth\t1\twould be added\nnobody\t\tleft out: has no password\n',
    )
    expect((await cli('users', 'list')).stdout).toBe('')
    const imported = await cli('import', '--from', hub, '--json')
    expect(imported.json()).toMatchObject({
      added: [
        { username: 'North.Trust', declared: false, collectionIds: [NODE_1, NODE_2] },
        { username: 'south', declared: true, collectionIds: [NODE_3] },
      ],
      present: [],
      withoutPassword: ['nobody'],
      nodesWithoutUser: [ORPHAN],
      openTasks: [{ uuid: 'open-task', type: 'RQ.a' }],
    })
    await using relay = await startTestRelay({ RELAY_STORE: storeUrl })
    for (const [username, password, collectionId] of [
      ['north.trust', 'north password', NODE_2],
      ['south', 'south password', NODE_3],
    ] as const) {
      const node = new BareNode(relay.url, { username, password, collectionId })
      expect((await node.poll()).status).toBe(204)
    }
    const again = await cli('import', '--from', hub)
    expect(again.stdout).toBe(
      'North.Trust\t\tis here already\nsouth\t\tis here already\nnobody\t\tleft out: has no password\n',
    )
    expect(again.stderr).toContain(ORPHAN)
    expect(again.stderr).toContain('1 tasks are open in the .NET relay')
  })

  it('understands the connection string of the .NET relay', async () => {
    await createDotnetHub(hub, { users: USERS })
    const { hostname, port, username, password, pathname } = new URL(hub)
    const from = `Host=${hostname};Port=${port};Database=${pathname.slice(1)};Username=${username};Password=${password}`
    expect((await cli('import', '--from', from)).stdout).toContain('North.Trust\t2\tadded\n')
  })

  it('leaves users that are here as they are, and says how they differ', async () => {
    await createDotnetHub(hub, { users: USERS })
    const existing = (await cli('users', 'add', 'SOUTH', '--json')).member('collectionId')
    const imported = await cli('import', '--from', hub)
    expect(imported.stdout).toContain(
      `SOUTH\t\tleft: other nodes (missing here: ${NODE_3}; only here: ${existing})\n`,
    )
    expect((await cli('nodes', 'list', '--json')).json()).toHaveLength(3)
  })

  it('imports everything or nothing, and lists every reason against it', async () => {
    await createDotnetHub(hub, {
      users: [
        ...USERS,
        { name: 'a b', password: 'password', nodeIds: [] },
        { name: 'shares', password: 'password', nodeIds: [NODE_1] },
      ],
    })
    const refused = await cli('import', '--from', hub)
    expect(refused).toMatchObject({ exitCode: 65, stdout: '' })
    expect(refused.stderr).toMatch(/"a b" is not a user name/)
    expect(refused.stderr).toContain(`the node ${NODE_1} of shares belongs to North.Trust`)
    expect((await cli('users', 'list')).stdout).toBe('')
  })

  it('says what is wrong with the other database', async () => {
    const empty = await cli('import', '--from', hub)
    expect(empty).toMatchObject({ exitCode: 65, stdout: '' })
    expect(empty.stderr).toContain('no tables "AspNetUsers" and "SubNodes"')
    const down = await cli('import', '--from', 'postgres://u:geheim@127.0.0.1:1/d')
    expect(down.exitCode).toBe(69)
    expect(down.stderr).not.toContain('geheim')
    expect((await cli('import', '--from', 'Host=')).exitCode).toBe(64)
    expect((await cli('import')).exitCode).toBe(64)
  })

  it('is asked for by a relay that was started on the database of a .NET relay', async () => {
    await createDotnetHub(hub, { users: USERS })
    {
      await using relay = await startTestRelay({ RELAY_STORE: hub })
      expect(relay.logged('users of the .NET relay not imported')).toMatchObject([
        { level: 50, hint: expect.stringContaining('relay import --from') as unknown },
      ])
    }
    await runCli({ RELAY_STORE: hub }, 'import', '--from', hub)
    await using relay = await startTestRelay({ RELAY_STORE: hub })
    expect(relay.logged('users of the .NET relay not imported')).toEqual([])
    const credentials = { username: 'south', password: 'south password', collectionId: NODE_3 }
    expect((await new BareNode(relay.url, credentials).poll()).status).toBe(204)
  })
})

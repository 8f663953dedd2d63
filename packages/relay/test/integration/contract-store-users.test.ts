import { until } from '@warren/testkit'
import { expect, it } from 'vitest'

import type { StoreEvent } from '../../src/store/relay-store.ts'
import {
  NameTakenError,
  NodeTakenError,
  SchemaTooNewError,
  UnknownUserError,
} from '../../src/store/store-error.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { addNodes, admitted, describeStores, NOW } from './store-bench.ts'

const ID = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'

describeStores('users and nodes', (openBench) => {
  it('finds a user by name in any case', async () => {
    await using bench = await openBench()
    const { users } = bench.open()
    const added = await users.addUser({ name: 'North.Trust', passwordHash: 'h', declared: true })
    expect(await users.findUser('NORTH.trust')).toEqual(added)
    expect(added).toMatchObject({ name: 'North.Trust', declared: true, nodeIds: [] })
    expect(await users.findUser('south')).toBeNull()
  })

  it.each(['', 'a\u0000', 'a\ud800', 'a b', 'north.\u0131rust', 'a'.repeat(100_000)])(
    'finds no user with a name that users cannot have: %j',
    async (name) => {
      await using bench = await openBench()
      const { users } = bench.open()
      await users.addUser({ name: 'North.Irust', passwordHash: 'h', declared: false })
      expect(await users.findUser(name)).toBeNull()
    },
  )

  it('assigns a name once, also to concurrent requests', async () => {
    await using bench = await openBench()
    const stores = [bench.open(), bench.open()]
    const outcomes = await Promise.allSettled(
      ['north', 'North', 'NORTH', 'nOrth'].map((name, index) =>
        stores[index % 2]!.users.addUser({ name, passwordHash: 'h', declared: false }),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(NameTakenError)
    }
  })

  it('adds nodes with given and with new IDs, and each ID once', async () => {
    await using bench = await openBench()
    const { users } = bench.open()
    const user = await users.addUser({ name: 'north', passwordHash: 'h', declared: false })
    const given = await users.addNode(user.id, { id: ID, label: 'Main site' })
    expect(given).toMatchObject({
      id: ID,
      label: 'Main site',
      userId: user.id,
      userName: 'north',
      active: true,
      lastSeenAt: null,
    })
    bench.clock.now += 1
    const made = await users.addNode(user.id)
    expect(made.id).toMatch(/^[0-9a-f-]{36}$/)
    await expect(users.addNode(user.id, { id: ID })).rejects.toBeInstanceOf(NodeTakenError)
    await expect(users.addNode(ID)).rejects.toBeInstanceOf(UnknownUserError)
    expect((await users.findUser('north'))?.nodeIds).toEqual([ID, made.id])
    expect(await users.listNodes()).toEqual([given, made])
  })

  it('lists users by name, each with its nodes', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const south = await addNodes(store, 2, 'south')
    const north = await addNodes(store, 1, 'North')
    const users = await store.users.listUsers()
    expect(users.map(({ name, nodeIds }) => [name, [...nodeIds].sort()])).toEqual([
      ['North', north],
      ['south', south],
    ])
  })

  it('changes a password, and returns false for an unknown user', async () => {
    await using bench = await openBench()
    const { users } = bench.open()
    const user = await users.addUser({ name: 'north', passwordHash: 'old', declared: false })
    expect(await users.setPasswordHash(user.id, 'new')).toBe(true)
    expect(await users.findUser('north')).toMatchObject({ passwordHash: 'new', passwordVersion: 2 })
    expect(await users.setPasswordHash(ID, 'new')).toBe(false)
  })

  it('changes a password only if its hash is the expected one, if one is given', async () => {
    await using bench = await openBench()
    const { users } = bench.open()
    const user = await users.addUser({ name: 'north', passwordHash: 'old', declared: false })
    expect(await users.setPasswordHash(user.id, 'new', 'other')).toBe(false)
    expect(await users.findUser('north')).toEqual(user)
    expect(await users.setPasswordHash(user.id, 'new', 'old')).toBe(true)
    expect((await users.findUser('north'))?.passwordHash).toBe('new')
  })

  it('keeps the password before a rotation for a while, and only that one', async () => {
    await using bench = await openBench()
    const { users } = bench.open()
    const { id } = await users.addUser({ name: 'north', passwordHash: 'first', declared: false })
    expect(await users.rotatePassword(id, 'second', 5_000)).toBe(true)
    expect(await users.findUser('north')).toMatchObject({
      passwordHash: 'second',
      passwordVersion: 2,
      earlierPassword: { hash: 'first', version: 1, validForMs: 5_000 },
    })
    bench.clock.now += 2_000
    expect((await users.listUsers())[0]?.earlierPassword?.validForMs).toBe(3_000)
    await users.rotatePassword(id, 'third', 5_000)
    expect((await users.findUser('north'))?.earlierPassword?.hash).toBe('second')
    bench.clock.now += 5_000
    expect((await users.findUser('north'))?.earlierPassword).toBeNull()
    await users.rotatePassword(id, 'fourth', 5_000)
    await users.setPasswordHash(id, 'fifth')
    expect((await users.findUser('north'))?.earlierPassword).toBeNull()
    expect(await users.rotatePassword(ID, 'new', 5_000)).toBe(false)
  })

  it('disables a user, which ends its passwords, and does not ask its nodes until it is enabled', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [north] = await addNodes(store, 1, 'north')
    const [south] = await addNodes(store, 1, 'south')
    const { id } = (await store.users.findUser('north'))!
    await store.users.rotatePassword(id, 'second', 60_000)
    bench.clock.now += 1_000
    expect(await store.users.setUserDisabled(id, true)).toBe(true)
    const disabled = await store.users.findUser('north')
    expect(disabled).toMatchObject({
      disabledAt: NOW + 1_000,
      passwordVersion: 3,
      earlierPassword: null,
    })
    const { subtasks } = await admitted(store)
    expect(subtasks.map(({ nodeId }) => nodeId)).toEqual([south])
    expect(await store.users.setUserDisabled(id, false)).toBe(true)
    expect((await store.users.findUser('north'))?.disabledAt).toBeNull()
    const later = await admitted(store)
    expect(new Set(later.subtasks.map(({ nodeId }) => nodeId))).toEqual(new Set([north, south]))
    expect(await store.users.setUserDisabled(ID, true)).toBe(false)
  })

  it('renames a node', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    expect(await store.users.renameNode(node!, 'St Bees')).toBe(true)
    expect((await store.users.listNodes())[0]?.label).toBe('St Bees')
    expect(await store.users.renameNode(ID, 'St Bees')).toBe(false)
  })

  it('upgrades a hash without changing the password, unless the hash has changed', async () => {
    await using bench = await openBench()
    const { users } = bench.open()
    const user = await users.addUser({ name: 'north', passwordHash: 'old', declared: false })
    expect(await users.upgradePasswordHash(user.id, { from: 'old', to: 'same' })).toBe(true)
    expect(await users.findUser('north')).toEqual({ ...user, passwordHash: 'same' })
    await users.setPasswordHash(user.id, 'reset')
    expect(await users.upgradePasswordHash(user.id, { from: 'same', to: 'again' })).toBe(false)
    expect((await users.findUser('north'))?.passwordHash).toBe('reset')
  })

  it('removes a node, and a user with its nodes', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [first, second] = await addNodes(store, 2)
    expect(await store.users.removeNode(first!)).toBe(true)
    expect(await store.users.removeNode(first!)).toBe(false)
    expect((await store.users.findUser('north'))?.nodeIds).toEqual([second])
    const user = await store.users.findUser('north')
    expect(await store.users.removeUser(user!.id)).toBe(true)
    expect(await store.users.listNodes()).toEqual([])
    expect(await store.users.removeUser(user!.id)).toBe(false)
  })

  it('stores when nodes were last seen, and keeps the latest time', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    await store.users.recordLastSeen(new Map([[a!, 1_000]]))
    await store.users.recordLastSeen(
      new Map([
        [a!, 2_000],
        [b!, 3_000],
        [ID, 4_000],
      ]),
    )
    const seen = new Map((await store.users.listNodes()).map((node) => [node.id, node.lastSeenAt]))
    expect(seen).toEqual(
      new Map([
        [a!, NOW - 1_000],
        [b!, NOW - 3_000],
      ]),
    )
  })

  it('stores the last-seen times of a thousand nodes at once', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const seen = new Map(Array.from({ length: 1_200 }, (_, index) => [fakeId(index), index]))
    await store.users.recordLastSeen(new Map([...seen, [node!, 5]]))
    expect((await store.users.listNodes())[0]?.lastSeenAt).toBe(NOW - 5)
  })

  it('notifies other relays of every change to users and nodes', async () => {
    await using bench = await openBench()
    const [here, there] = [bench.open(), bench.open()]
    await until(() => there.events.live)
    let changes = 0
    using _ = there.events.subscribe((event: StoreEvent) => {
      if (event.kind === 'users-changed') changes++
    })
    const notified = async (change: () => Promise<unknown>): Promise<void> => {
      changes = 0
      await change()
      await until(() => changes > 0, { what: 'the other relay to be notified' })
    }
    await notified(() => here.users.addUser({ name: 'north', passwordHash: 'h', declared: false }))
    const user = (await here.users.findUser('north'))!
    await notified(() => here.users.addNode(user.id, { id: ID }))
    await notified(() => here.users.setPasswordHash(user.id, 'x'))
    await notified(() => here.users.setNodeActive(ID, false))
    await notified(() => here.users.removeNode(ID))
    await notified(() => here.users.removeUser(user.id))
  })
})

describeStores('migrations', (openBench) => {
  it('run once when ten relays start together on an empty database', async () => {
    await using bench = await openBench({ migrated: false })
    const stores = Array.from({ length: 10 }, () => bench.open({ poolSize: 2 }))
    const outcomes = await Promise.all(stores.map((store) => store.migrate()))
    const newest = MIGRATIONS.at(-1)!.version
    expect(outcomes.filter(({ from }) => from === 0)).toHaveLength(1)
    expect(outcomes.every(({ to }) => to === newest)).toBe(true)
    await Promise.all(stores.map((store) => store.check()))
  })

  it('do not touch a database that a newer release has migrated', async () => {
    await using bench = await openBench()
    const future = { version: 99, name: 'from the future', up: async () => {} }
    await bench.open({ migrations: [...MIGRATIONS, future] }).migrate()
    const store = bench.open()
    await expect(store.migrate()).rejects.toBeInstanceOf(SchemaTooNewError)
    await expect(store.check()).rejects.toThrow(/schema version 99, but this release supports/)
  })

  it('do not change the schema if one of them fails', async () => {
    await using bench = await openBench()
    const broken = {
      version: 99,
      name: 'breaks half-way',
      up: async (trx: Parameters<(typeof MIGRATIONS)[0]['up']>[0]) => {
        await trx.schema.alterTable('relay_nodes').addColumn('half', 'text').execute()
        throw new Error('half-way')
      },
    }
    await expect(bench.open({ migrations: [...MIGRATIONS, broken] }).migrate()).rejects.toThrow(
      'half-way',
    )
    const store = bench.open()
    await store.check()
    await addNodes(store, 1)
  })
})

function fakeId(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
}

import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { expect, it } from 'vitest'

import { addNodes, admitted, describeStores, LEASE, NOW, type StoreBench } from './store-bench.ts'

const FINISHED_TASKS = 2_000
const OPEN_TASKS = 300
const NODES = 50

// The statements of a sweep and of a poll, as the store sends them, with literals.
const HOT_STATEMENTS = {
  'find due tasks': `
    select id from relay_tasks where state = 'open' and kind = 'distribution' and settling_until <= 0
    and (deadline_at <= 0 or (select s.id from relay_subtasks as s where s.task_id = relay_tasks.id
        and s.state in ('queued', 'leased', 'exhausted') limit 1) is null
      or ((select s.id from relay_subtasks as s join relay_nodes as n on n.id = s.node_id
        where s.task_id = relay_tasks.id and s.state in ('queued', 'leased', 'exhausted')
        and (s.state = 'leased' or n.last_seen_at > 0 or n.created_at > 0) limit 1) is null
      and (select max(s.answered_at) from relay_subtasks as s where s.task_id = relay_tasks.id) <= 0))
    order by deadline_at limit 500`,
  'find results to discard': `
    select id from relay_tasks
    where state <> 'open' and settling_by is not null and settling_until <= 0 limit 500`,
  'return expired leases': `
    select s.id from relay_subtasks as s join relay_tasks as t on t.id = s.task_id
    where s.state = 'leased' and s.leased_until <= 0 order by s.leased_until limit 500`,
  'find nodes with work': `select distinct node_id from relay_subtasks where state = 'queued'`,
  'claim submissions': `
    select id from relay_tasks where state = 'settled' and deliver_at <= 0 and claimed_until <= 0
    order by deliver_at, id limit 4`,
  'count open tasks': `select count(*) from relay_tasks where state = 'open'`,
  'count queued subtasks': `select count(*) from relay_subtasks where state = 'queued'`,
}

describeStores('with 100,000 finished subtasks, a sweep', (openBench) => {
  it('reads no table from start to end, and takes milliseconds', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const nodes = await addNodes(store, NODES)
    await fill(bench, nodes)
    for (let number = 0; number < 5; number++) await admitted(store)
    await store.tasks.leaseOldest(nodes[0]!, LEASE)
    for (const [name, statement] of Object.entries(HOT_STATEMENTS)) {
      const plan = await explain(bench, statement)
      expect(`${name}: ${plan}`).not.toMatch(/Seq Scan on relay_(?:sub)?tasks|SCAN (?!.*USING)/)
    }
    const readBefore = await rowsReadByScans(bench)
    {
      await using other = bench.open()
      await other.tasks.findDueTasks('distribution', {
        limit: 500,
        silence: { afterMs: 1, graceMs: 1 },
      })
      await other.tasks.returnExpiredLeases(5)
      await other.tasks.findNodesWithWork()
      await other.tasks.claimSubmissions({ limit: 4, claimMs: 1_000 })
      const lease = (await other.tasks.leaseOldest(nodes[1]!, LEASE))!
      await other.tasks.storeResult({ ...lease, json: '{}', status: 'ok' })
    }
    expect(await rowsReadByScans(bench)).toBe(readBefore)
  }, 60_000)
})

/** Adds finished tasks, and open ones in which one node has not answered, by a few statements. */
async function fill(bench: StoreBench, nodes: readonly string[]): Promise<void> {
  const [slow = ''] = nodes
  const total = FINISHED_TASKS + OPEN_TASKS
  const [id, numbers, source] =
    bench.technology === 'postgresql'
      ? ['gen_random_uuid()', '', `generate_series(1, ${total}) as n`]
      : [
          'hex(randomblob(16))',
          `with recursive numbers (n) as
             (select 1 union all select n + 1 from numbers limit ${total})`,
          'numbers',
        ]
  await execute(
    bench,
    `${numbers} insert into relay_tasks (id, upstream, uuid, kind, type, collection, body, state,
       received_at, deadline_at, asked, result, settled_at, closed_at)
     select ${id}, 'national', 'task ' || n, 'distribution', 'generic', 'c', '{}',
       case when n <= ${OPEN_TASKS} then 'open' else 'delivered' end,
       1, ${NOW + 1_000_000}, ${nodes.length}, '{}', 2, 3 from ${source}`,
    `insert into relay_subtasks (id, task_id, node_id, kind, state, asked_at, attempts, leased_until)
     select ${id}, t.id, n.id, 'distribution',
       case when t.state = 'open' and n.id = '${slow}' then 'leased' else 'answered' end,
       1, 1, ${NOW + 1_000_000}
     from relay_tasks t cross join relay_nodes n`,
    'analyze',
  )
}

async function execute(bench: StoreBench, ...statements: string[]): Promise<void> {
  if (bench.technology === 'sqlite') {
    const file = new DatabaseSync(bench.url)
    for (const statement of statements) file.exec(statement)
    file.close()
    return
  }
  const client = new Client({ connectionString: bench.url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

/** Rows of tasks and subtasks that PostgreSQL has read in sequential scans, according to closed connections. */
async function rowsReadByScans(bench: StoreBench): Promise<number> {
  if (bench.technology === 'sqlite') return 0
  const client = new Client({ connectionString: bench.url })
  await client.connect()
  const { rows } = await client.query<{ read: string }>(
    `select sum(seq_tup_read) as read from pg_stat_user_tables
     where relname in ('relay_tasks', 'relay_subtasks')`,
  )
  await client.end()
  return Number(rows[0]?.read)
}

async function explain(bench: StoreBench, statement: string): Promise<string> {
  if (bench.technology === 'sqlite') {
    const file = new DatabaseSync(bench.url)
    const rows = file.prepare(`explain query plan ${statement}`).all()
    file.close()
    return rows.map((row) => String(row['detail'])).join('\n')
  }
  const client = new Client({ connectionString: bench.url })
  await client.connect()
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${statement}`)
  await client.end()
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

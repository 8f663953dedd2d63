import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, type Logger } from '@warren/runtime'
import { loadRelayConfig } from '../../src/index.ts'
import { UserManager } from '../../src/nodes/user-manager.ts'
import { openStore } from '../../src/open-store.ts'
import { pythonHeaders } from '../../test/harness/bare-client.ts'

/** What a bunny of one node sends. */
export interface BenchNode {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly collectionId: string
}

/** Adds users with one node each to a database. */
export async function addBenchNodes(database: string, count: number): Promise<BenchNode[]> {
  const config = loadRelayConfig({ RELAY_STORE: database })
  await using store = await openStore(config, { log: silentLog(), waitForDatabase: false })
  const users = new UserManager(store.users)
  const nodes: BenchNode[] = []
  for (let added = 0; added < count; added += 1) {
    const user = await users.add(`site-${added}`)
    nodes.push({
      path: `/link_connector_api/task/nextjob/${user.collectionId}`,
      headers: pythonHeaders(user.username, user.password),
      collectionId: user.collectionId,
    })
  }
  return nodes
}

/** An empty folder with the URL of an SQLite database in it. */
export async function temporarySqlite(): Promise<AsyncDisposable & { readonly url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-bench-'))
  return {
    url: `sqlite:${join(folder, 'relay.sqlite')}`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export function silentLog(): Logger {
  const destination = { write: () => {} }
  return createLogger({ component: 'bench', level: 'error', format: 'json', destination })
}

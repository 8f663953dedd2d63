import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreTarget } from './store-target.ts'

/**
 * The default of RELAY_SPOOL_DIR: next to the SQLite file, or in the state folder of the service or the user. Relays on
 * different databases have different folders. Undefined if the database is in memory, because its tasks end with the process.
 */
export function defaultSpoolFolder(
  target: StoreTarget,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (target.technology === 'sqlite') {
    return target.file === ':memory:' ? undefined : `${target.file}-spool`
  }
  const { hosts, database, username } = target.address
  const identity = JSON.stringify([hosts, database ?? username])
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12)
  return join(stateFolder(env), `relay-spool-${hash}`)
}

/** systemd sets STATE_DIRECTORY, which may list several folders. The other places are those of the XDG specification. */
function stateFolder(env: NodeJS.ProcessEnv): string {
  const service = env['STATE_DIRECTORY']?.split(':')[0]
  if (service !== undefined && service !== '') return service
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = env
  if (state !== '') return join(state, 'warren')
  return home === '' ? join(tmpdir(), 'warren') : join(home, '.local', 'state', 'warren')
}

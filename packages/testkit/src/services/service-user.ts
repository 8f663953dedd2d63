import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** If this process is root, the first of these users that exists runs the server. */
const SERVICE_USERS = ['postgres', 'nobody']

/** The user to run as if this process is root, because PostgreSQL and pgbouncer do not run as root. */
export async function serviceUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const name of SERVICE_USERS) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      // The user does not exist: try the next one.
    }
  }
  throw new Error(`cannot run a service as root: no user ${SERVICE_USERS.join(' or ')} exists`)
}

import { execFile } from 'node:child_process'
import { access, chown, constants, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A small file system in memory, which a test can fill. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string
  /** Makes the owner of `path` the owner of the folder. */
  giveToOwnerOf(path: string): Promise<void>
}

/** Whether this process may mount a file system. */
export async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const [status, mount] = await Promise.allSettled([
    readFile('/proc/self/status', 'utf8'),
    access('/usr/bin/mount', constants.X_OK),
  ])
  const capabilities =
    status.status === 'fulfilled' ? /^CapEff:\s*([0-9a-f]+)/m.exec(status.value)?.[1] : undefined
  // CAP_SYS_ADMIN is the 22nd bit: root in a container often lacks it.
  const mayMount = ((BigInt(`0x${capabilities ?? 0}`) >> 21n) & 1n) === 1n
  return mayMount && mount.status === 'fulfilled'
}

/** Mounts a file system of `megabytes` at `folder/disk`, and unmounts it when disposed. */
export async function mountSmallDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  const disk = join(folder, 'disk')
  await mkdir(disk, { recursive: true })
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'warren-chaos', disk])
  return {
    folder: disk,
    giveToOwnerOf: async (path) => {
      const { uid, gid } = await stat(path)
      await chown(disk, uid, gid)
    },
    [Symbol.asyncDispose]: async () => {
      // A lazy unmount succeeds even if a process that is just ending has a file open.
      await run('umount', ['-l', disk])
    },
  }
}

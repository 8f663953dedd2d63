import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

import { expect, it } from 'vitest'

import { describePostgres, describeRabbit, until } from '../../src/index.ts'

async function listens(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function firstLine(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('close', (code) => reject(new Error(`the program exited with ${String(code)}`)))
  })
}

async function testServicesEnd(kind: 'postgres' | 'rabbit'): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-manager-test-'))
  // PostgreSQL runs as another user, which must be able to enter this folder.
  await chmod(folder, 0o711)
  const program = new URL('programs/start-service-and-wait.ts', import.meta.url).pathname
  const {
    WARREN_TEST_MANAGER: _manager,
    WARREN_TEST_POSTGRES_URL: _postgres,
    WARREN_TEST_AMQP_URL: _rabbit,
    ...env
  } = process.env
  const child = spawn(process.execPath, [program, kind], {
    env: { ...env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await firstLine(child)
    expect(await listens(url)).toBe(true)
    child.kill('SIGKILL')
    await until(async () => !(await listens(url)), { timeoutMs: 30_000 })
    await until(async () => (await readdir(folder)).length === 0, { timeoutMs: 30_000 })
  } finally {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

describePostgres('service manager of a run that was killed', () => {
  it('ends PostgreSQL and removes its files', { timeout: 120_000 }, () =>
    testServicesEnd('postgres'),
  )
})

describeRabbit('service manager of a run that was killed', () => {
  it('ends RabbitMQ and removes its files', { timeout: 120_000 }, () => testServicesEnd('rabbit'))
})

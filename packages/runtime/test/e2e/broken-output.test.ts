import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'

const PROGRAM = `
import { processIo } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
const io = processIo()
setInterval(() => io.stdout.write('line\\n'.repeat(1000)), 5)
`

const LOGGING = `
for (let line = 0; line < 3; line += 1) {
  io.stderr.write('a line of the log\\n')
  await new Promise((resolve) => setTimeout(resolve, 5))
}
io.stdout.write('done')
`

describe('output that nobody reads any more', () => {
  it('ends the program quietly, as a shell expects it', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (chunk) => (stderr += String(chunk)))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'exit')
    expect(code).toBe(141)
    expect(stderr).toBe('')
  })
})

/** Runs `program` with one of its outputs on a disk that is full. */
async function onFullDisk(output: 'stdout' | 'stderr', program: string) {
  await using full = await open('/dev/full', 'w')
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: [
      'ignore',
      output === 'stdout' ? full.fd : 'pipe',
      output === 'stderr' ? full.fd : 'pipe',
    ],
  })
  let said = ''
  child.stdout?.on('data', (chunk) => (said += String(chunk)))
  child.stderr?.on('data', (chunk) => (said += String(chunk)))
  const [code] = await once(child, 'close')
  return { code: code as unknown, said }
}

describe.skipIf(process.platform !== 'linux')('output to a full disk', () => {
  it('is one line and exit code 1 where it is the result', async () => {
    const { code, said } = await onFullDisk('stdout', PROGRAM)
    expect(code).toBe(1)
    expect(said).toMatch(/^error: cannot write to standard output: ENOSPC[^\n]*\n$/)
  })

  it('does not stop the program where it is the log', async () => {
    const program = PROGRAM.replace(/setInterval.*/, LOGGING)
    expect(await onFullDisk('stderr', program)).toEqual({ code: 0, said: 'done' })
  })
})

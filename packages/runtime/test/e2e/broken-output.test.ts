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

describe('output whose reader has ended', () => {
  it('ends the program without an error message', async () => {
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

/** Runs `program` with one of its outputs on a full disk. */
async function onFullDisk(stream: 'stdout' | 'stderr', program: string) {
  await using full = await open('/dev/full', 'w')
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: [
      'ignore',
      stream === 'stdout' ? full.fd : 'pipe',
      stream === 'stderr' ? full.fd : 'pipe',
    ],
  })
  let output = ''
  child.stdout?.on('data', (chunk) => (output += String(chunk)))
  child.stderr?.on('data', (chunk) => (output += String(chunk)))
  const [code] = await once(child, 'close')
  return { code: code as unknown, output }
}

describe.skipIf(process.platform !== 'linux')('output to a full disk', () => {
  it('on stdout gives an error line and exit code 1', async () => {
    const { code, output } = await onFullDisk('stdout', PROGRAM)
    expect(code).toBe(1)
    expect(output).toMatch(/^error: cannot write to standard output: the disk is full\n$/)
  })

  it('on stderr does not stop the program', async () => {
    const program = PROGRAM.replace(/setInterval.*/, LOGGING)
    expect(await onFullDisk('stderr', program)).toEqual({ code: 0, output: 'done' })
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'

const PROGRAM = `
import { processIo } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
const io = processIo()
setInterval(() => io.stdout.write('line\\n'.repeat(1000)), 5)
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

// A service like those of the other packages. The test chooses its behaviour by argument.
import { createLogger, ProgramError, runProgram, sleep, untilAborted } from '../../../src/index.ts'

const behaviour = process.argv[2] ?? 'wait'
const log = createLogger({
  component: 'service',
  level: 'debug',
  format: 'json',
  destination: process.stdout,
})

await runProgram(
  'service',
  async ({ signal, resources }) => {
    resources.defer(async () => {
      if (behaviour === 'slow') await sleep(60_000)
      log.info('released first acquired')
    })
    resources.defer(() => log.info('released last acquired'))
    if (behaviour === 'misconfigured') throw new ProgramError('no database', { exitCode: 78 })
    if (behaviour === 'defect') throw new TypeError('oops')
    if (behaviour === 'reject') void Promise.reject(new Error('not caught'))
    log.info('ready')
    if (behaviour === 'leak') setInterval(() => {}, 1_000)
    if (behaviour === 'finish' || behaviour === 'leak') return
    // Keeps the process alive, as sockets do in a real service.
    const alive = setInterval(() => {}, 1_000)
    await untilAborted(signal)
    clearInterval(alive)
    if (behaviour === 'abort') signal.throwIfAborted()
    await sleep(50)
    log.info('drained')
  },
  { log, drainTimeoutMs: behaviour === 'slow' ? 400 : 10_000 },
)

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@warren/testkit'
import { expect, it } from 'vitest'
import { BunnyProcess } from '../support/bunny-process.ts'
import { peakMemory, processorTime } from '../support/process-usage.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospitalFile } from '../support/small-hospital.ts'
import { availability, person } from '../support/tasks.ts'

const COLLECTION = 'secret-collection-7'
const MB = 1_000_000
/** One takes less than 0.3 s of a processor: they must not cost the minutes and gigabytes that parsing them would. */
const MAX_MS = 1_000
const MAX_GROWTH = 200 * MB
const TIMES = 5

/** A task of 9.9 MB: a rule with 3.3 million empty members. */
function hugeTask(): string {
  const task = availability([person('8507', { secondary_modifier: ['#'] })], {
    uuid: 'huge',
    collection: COLLECTION,
  })
  return JSON.stringify(task).replace('"#"', Array(3_300_000).fill('""').join(','))
}

it.runIf(process.platform === 'linux')(
  'a task with millions of empty members costs the bunny little, each time it is handed out',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-hostile-'))
    await using api = await ScriptedTaskApi.start()
    await duckDbHospitalFile(join(folder, 'omop.duckdb'))
    const bunny = new BunnyProcess(['daemon'], {
      env: {
        TASK_API_BASE_URL: api.url,
        TASK_API_USERNAME: 'site-a',
        TASK_API_PASSWORD: 'hunter2-hunter2',
        TASK_API_ENFORCE_HTTPS: 'false',
        COLLECTION_ID: COLLECTION,
        INITIAL_BACKOFF: '100ms',
        MAX_BACKOFF: '200ms',
        POLLING_INTERVAL: '1s',
        POLL_WAIT_SECONDS: '0',
        BUNNY_STATE_DIR: join(folder, 'state'),
        DATASOURCE_DB_DRIVERNAME: 'duckdb',
        DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'omop.duckdb'),
      },
    })
    try {
      const { pid } = bunny.child
      const men = (uuid: string) => availability([person('8507')], { uuid, collection: COLLECTION })
      const answered = (uuid: string) =>
        until(() => api.results.find((result) => result.uuid === uuid), { timeoutMs: 60_000 })
      api.queue(men('before'))
      expect((await answered('before')).queryResult.count).toBe(30)
      const memory = await peakMemory(pid)
      const time = await processorTime(pid)
      const reply = { status: 200, body: hugeTask() }
      api.pollReplies.push(...Array.from({ length: TIMES }, () => reply))
      api.queue(men('after'))
      expect((await answered('after')).queryResult.count).toBe(30)
      expect((await processorTime(pid)) - time).toBeLessThan(TIMES * MAX_MS)
      expect((await peakMemory(pid)) - memory).toBeLessThan(MAX_GROWTH)
      // It is refused before it is parsed, so its uuid is not known.
      expect(api.results.map(({ uuid }) => uuid)).toEqual(['before', 'after'])
      expect(bunny.stderr).toContain('RESPONSE_TOO_COMPLEX')
    } finally {
      await bunny.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    }
  },
  180_000,
)

/** The process that reads a DuckDB file for an `IsolatedDuckDb`, which starts it and ends it. */
import { mkdirSync, rmSync } from 'node:fs'
import { duckDbError, SourceError } from '@warren/database/errors'
import type { Row } from './cdm-source.ts'
import { sendError, type DuckDbRequest, type DuckDbResponse } from './duckdb-messages.ts'
import { DuckDbSource, type DuckDbSourceOptions } from './duckdb-source.ts'

let source: Promise<DuckDbSource> | undefined
/** DuckDB gives its files the same names in each process, so each has a folder of its own. */
const tempDirectory = process.argv[2] ?? ''
const running = new Map<number, AbortController>()

/** Resolves when the message has been passed on, so that rows do not pile up here. */
const send = (response: DuckDbResponse): Promise<void> =>
  new Promise((resolve) => void process.send?.(response, () => resolve()))

async function openFile(options: DuckDbSourceOptions): Promise<DuckDbSource> {
  try {
    mkdirSync(tempDirectory, { mode: 0o700 })
  } catch (error: unknown) {
    const message = 'cannot create a folder in DATASOURCE_DUCKDB_TEMP_DIRECTORY'
    throw new SourceError('unavailable', message, { retryable: false, cause: error })
  }
  return await DuckDbSource.open({ ...options, tempDirectory })
}

async function open(options: DuckDbSourceOptions): Promise<void> {
  try {
    source = openFile(options)
    await source
    await send({ kind: 'opened' })
  } catch (error: unknown) {
    await send({ kind: 'opened', error: sendError(duckDbError(error)) })
  }
}

async function run({
  id,
  statement,
  isStreamed,
}: Extract<DuckDbRequest, { kind: 'run' }>): Promise<void> {
  const stop = new AbortController()
  const { signal } = stop
  running.set(id, stop)
  try {
    const opened = await source
    if (opened === undefined) throw new Error('the file is not open')
    const take = (rows: readonly Row[]): Promise<void> => send({ kind: 'rows', id, rows })
    if (isStreamed) await opened.eachChunk(statement, take, { signal })
    else await take(await opened.query(statement, { signal }))
    await send({ kind: 'ended', id })
  } catch (error: unknown) {
    await send({ kind: 'ended', id, error: sendError(duckDbError(error)) })
  } finally {
    running.delete(id)
  }
}

process.on('message', (request: DuckDbRequest) => {
  if (request.kind === 'open') void open(request.options)
  else if (request.kind === 'run') void run(request)
  else running.get(request.id)?.abort()
})

/** The bunny has ended. `process.exit` would wait for the running statements. */
function end(): void {
  try {
    rmSync(tempDirectory, { recursive: true, force: true })
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}
process.on('disconnect', end)

// A terminal and systemd send these to all processes. The bunny still needs this one while it shuts down.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})

// It may have ended before the listener was there.
if (!process.connected) end()

import { columnsOf, styles, wrapWords, writeTable, type CliIo } from '@warren/runtime'
import type { AuditEntry } from './audit-entry.ts'
import { leftText } from './entry-text.ts'
import { readAudit, type AuditFilter } from './read-audit.ts'

export interface ShowAuditOptions extends AuditFilter {
  readonly json: boolean
  /** How many of the last entries; 0: all. */
  readonly limit: number
}

/**
 * Prints entries: for people on a terminal, one line per entry with tabs in a pipe, or JSON lines. Those of one of several
 * collections name it.
 */
export async function showAudit(
  { name, folder }: { readonly name: string; readonly folder: string },
  options: ShowAuditOptions,
  io: CliIo,
): Promise<void> {
  const { json, limit } = options
  const isForPeople = !json && io.stdout.isTTY === true
  if (isForPeople && name !== '') io.stdout.write(`${styles(io.stdout, io.env).bold(name)}\n`)
  const write = (entry: AuditEntry): void => {
    if (json) writeJson(entry, name, io)
    else if (isForPeople) writeForPeople(entry, io)
    else writeColumns(entry, name, io)
  }
  if (limit === 0) {
    for await (const entry of readAudit(folder, options)) write(entry)
    return
  }
  const last: AuditEntry[] = []
  let omitted = 0
  for await (const entry of readAudit(folder, options)) {
    last.push(entry)
    if (last.length > limit) {
      last.shift()
      omitted += 1
    }
  }
  for (const entry of last) write(entry)
  if (omitted > 0 && isForPeople) {
    io.stderr.write(`${String(omitted)} earlier entries: add --limit 0 to print all.\n`)
  }
}

const writeJson = (entry: AuditEntry, name: string, { stdout }: CliIo): void =>
  void stdout.write(`${JSON.stringify(name === '' ? entry : { ...entry, link: name })}\n`)

function writeColumns(entry: AuditEntry, name: string, io: CliIo): void {
  const { seq, time, event } = entry
  const cells =
    'asker' in entry
      ? [
          entry.asker.owner,
          entry.question.words,
          leftText(entry.left, entry.question.kind),
          entry.reason ?? '',
        ]
      : ['', entry.detail, '', '']
  writeTable(io, [[seq, time, event, ...cells, ...(name === '' ? [] : [name])]])
}

function writeForPeople(entry: AuditEntry, { stdout, env }: CliIo): void {
  const paint = styles(stdout, env)
  const columns = Math.min(columnsOf(stdout, env), 100)
  const wrapped = (text: string): string =>
    wrapWords(text, columns, { first: '       ', rest: '       ' }).join('\n')
  const time = entry.time.slice(0, 19).replace('T', ' ')
  const head = `${String(entry.seq).padStart(5)}  ${paint.dim(time)}  ${paint.bold(entry.event)}`
  if (!('asker' in entry)) {
    stdout.write(`${head}\n${wrapped(entry.detail)}\n`)
    return
  }
  const { asker, question, reason, by, warning, left } = entry
  const lines = [
    `${head}  by ${asker.owner === '' ? 'an unnamed owner' : asker.owner}`,
    wrapped(question.words),
    ...(reason === undefined ? [] : [wrapped(`Reason: ${reason}`)]),
    ...(by === undefined ? [] : [wrapped(`Decided by: ${by}`)]),
    ...(warning === undefined ? [] : [paint.yellow(wrapped(`Warning: ${warning}`))]),
    wrapped(`Left the site: ${leftText(left, question.kind)}`),
  ]
  stdout.write(`${lines.join('\n')}\n`)
}

import { z } from 'zod'
import { MAX_PROBLEMS, ResultFormatError, ProblemList } from './format-error.ts'
import { isJsonObject } from './json/json-object.ts'
import type { ResultFile } from './result-file.ts'
import { parseDecimal, parseInteger, jsonPath, typeName, wireText } from './wire-value.ts'

const PROTOCOL_VERSION = 'v2'

/** A result, with the member names of the wire format. */
export interface TaskResult {
  readonly uuid: string
  /** `ok`, `OK` or "" is a success, `error` or `failed` a failure: use `isFailure`. */
  readonly status: string
  readonly collection_id: string
  readonly message: string | null
  readonly protocolVersion: string
  readonly queryResult: {
    /** Availability: people. Distribution: rows in the file, not people. */
    readonly count: number
    readonly datasetCount: number
    readonly files: readonly ResultFile[]
  }
}

type TaskAddress = { readonly uuid: string; readonly collection: string }

function wireNumber(
  expected: string,
  read: (value: unknown) => number | undefined,
): z.ZodType<number> {
  return z
    .unknown()
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === null || value === '') return 0
      const number = read(value)
      if (number !== undefined && number >= 0) return number
      context.addIssue(`expected ${expected}`)
      return z.NEVER
    })
}

const wireFlag = z
  .unknown()
  .optional()
  .transform((value, context) => {
    if (value === undefined || value === null || value === '') return true
    const text = typeof value === 'string' ? value.trim().toLowerCase() : value
    if (text === true || text === 'true' || text === 1 || text === '1') return true
    if (text === false || text === 'false' || text === 0 || text === '0') return false
    context.addIssue('expected true or false')
    return z.NEVER
  })

const nullableText = z
  .unknown()
  .optional()
  .transform((value, context): string | null => {
    if (value === undefined || value === null) return null
    if (typeof value === 'string') return value
    if (typeof value === 'number') return String(value)
    context.addIssue(`expected a text, got ${typeName(value)}`)
    return z.NEVER
  })

/** .NET servers accept member names in any case, so some programs send them in any case. */
function anyCaseSchema<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]))
  return z.preprocess((value) => {
    if (!isJsonObject(value)) return value
    const named = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
      const known = names.get(name.toLowerCase())
      // An exact name takes precedence over another spelling of it.
      if (known === undefined || (known !== name && Object.hasOwn(value, known))) return []
      return [[known, member]]
    })
    return Object.fromEntries(named)
  }, z.object(shape))
}

/** Stops at the first element beyond the number of problems that are reported. */
function listSchema<Item extends z.ZodType>(item: Item) {
  return z
    .unknown()
    .optional()
    .transform((value, context): z.output<Item>[] => {
      const list: unknown = value ?? []
      if (!Array.isArray(list)) {
        context.addIssue(`expected a list, got ${typeName(list)}`)
        return z.NEVER
      }
      const items: z.output<Item>[] = []
      let problems = 0
      for (const [index, element] of list.entries()) {
        const parsed = item.safeParse(element)
        if (parsed.success) items.push(parsed.data)
        for (const { message, path } of parsed.error?.issues ?? []) {
          context.addIssue({ code: 'custom', message, path: [index, ...path], input: element })
          problems++
        }
        if (problems >= MAX_PROBLEMS) break
      }
      return items
    })
}

const fileSchema = anyCaseSchema({
  file_name: wireText(''),
  file_data: wireText(''),
  file_description: nullableText,
  file_reference: wireText(''),
  file_sensitive: wireFlag,
  file_size: wireNumber('a size', parseDecimal),
  file_type: wireText('BCOS', { blankIsAbsent: true }),
})

const queryResultSchema = anyCaseSchema({
  count: z.unknown().optional(),
  datasetCount: wireNumber('a whole number', parseInteger),
  files: listSchema(fileSchema),
})

const resultSchema = anyCaseSchema({
  uuid: wireText(''),
  status: wireText(''),
  collection_id: wireText(''),
  message: nullableText,
  protocolVersion: wireText(PROTOCOL_VERSION, { blankIsAbsent: true }),
  queryResult: z.preprocess((value) => value ?? {}, queryResultSchema),
})

/**
 * Reads a result. Numbers may be texts, and names may be in any case; unknown members are ignored, and
 * absent ones get their default. A success must contain a count, because a default of 0 would mean "no
 * one". The count of a failure is ignored unless it is valid.
 * @throws ResultFormatError with every problem at once.
 */
export function parseResult(json: unknown): TaskResult {
  const problems = new ProblemList()
  const parsed = resultSchema.safeParse(json)
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.add(jsonPath('', issue.path), issue.message)
    throw new ResultFormatError(problems.toArray())
  }
  const { uuid, status, collection_id, message, protocolVersion, queryResult } = parsed.data
  const given = queryResult.count
  const absent = given === undefined || given === null || given === ''
  // A failure with an invalid count is still a failure.
  const count = parseWholeNumber(given) ?? (statusIsFailure(status) ? 0 : undefined)
  if (count === undefined) {
    problems.add('queryResult.count', absent ? 'is missing' : 'expected a whole number, 0 or more')
    throw new ResultFormatError(problems.toArray())
  }
  const { datasetCount, files } = queryResult
  return {
    uuid,
    status,
    collection_id,
    message,
    protocolVersion,
    queryResult: { count, datasetCount, files },
  }
}

function parseWholeNumber(value: unknown): number | undefined {
  const number = parseInteger(value)
  return number === undefined || number < 0 ? undefined : number
}

/** Whether the node reported an error instead of a count. */
export function isFailure(result: TaskResult): boolean {
  return statusIsFailure(result.status)
}

function statusIsFailure(status: string): boolean {
  const word = status.trim().toLowerCase()
  return word === 'error' || word === 'failed'
}

export function countResult(task: TaskAddress, count: number, message = ''): TaskResult {
  return result(task, 'ok', message, { count, datasetCount: 0, files: [] })
}

/** `rows` is the number of data rows in the distribution file. */
export function distributionResult(
  task: TaskAddress,
  rows: number,
  files: readonly ResultFile[],
  message = '',
): TaskResult {
  return result(task, 'ok', message, { count: rows, datasetCount: files.length > 0 ? 1 : 0, files })
}

export function errorResult(task: TaskAddress, message: string): TaskResult {
  return result(task, 'error', message, { count: 0, datasetCount: 0, files: [] })
}

function result(
  task: TaskAddress,
  status: string,
  message: string,
  queryResult: TaskResult['queryResult'],
): TaskResult {
  const { count } = queryResult
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('a count is 0 or more')
  return {
    uuid: task.uuid,
    status,
    collection_id: task.collection,
    message,
    protocolVersion: PROTOCOL_VERSION,
    queryResult,
  }
}

/** JSON with the members in the order in which existing programs send them. */
export function serializeResult(result: TaskResult): string {
  const { uuid, status, collection_id, message, protocolVersion, queryResult } = result
  const files = queryResult.files.map((file) => ({
    file_name: file.file_name,
    file_data: file.file_data,
    file_description: file.file_description,
    file_reference: file.file_reference,
    file_sensitive: file.file_sensitive,
    file_size: file.file_size,
    file_type: file.file_type,
  }))
  return JSON.stringify({
    uuid,
    status,
    collection_id,
    message,
    protocolVersion,
    queryResult: { count: queryResult.count, datasetCount: queryResult.datasetCount, files },
  })
}

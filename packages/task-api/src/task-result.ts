import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { MAX_PROBLEMS, ResultFormatError, ProblemList } from './format-error.ts'
import { isJsonObject } from './json/json-object.ts'
import { parseJsonWithBytes } from './json/json-outline.ts'
import type { EncodedFile, ResultFile } from './result-file.ts'
import { parseDecimal, parseInteger, jsonPath, typeName, wireText } from './wire-value.ts'

const PROTOCOL_VERSION = 'v2'

/** A result, with the member names of the wire format. */
export type TaskResult = ResultWith<ResultFile>
/** A result of which the data of files may be bytes. */
export type EncodedResult = ResultWith<EncodedFile>

interface ResultWith<File> {
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
    readonly files: readonly File[]
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

/**
 * Reads a result from JSON in UTF-8. The data of large files stays part of `bytes`, which must not be used otherwise.
 * @throws SyntaxError if it is not JSON, ResultFormatError if it is not a result.
 */
export function parseResultBytes(bytes: Buffer): EncodedResult {
  const { value, bytesOf } = parseJsonWithBytes(bytes)
  const text = (placeholder: string): string => bytesOf(placeholder)?.toString() ?? placeholder
  const { uuid, status, collection_id, message, protocolVersion, queryResult } = parseResult(value)
  const files = queryResult.files.map((file) => ({
    file_name: text(file.file_name),
    file_data: bytesOf(file.file_data) ?? file.file_data,
    file_description: file.file_description === null ? null : text(file.file_description),
    file_reference: text(file.file_reference),
    file_sensitive: file.file_sensitive,
    file_size: file.file_size,
    file_type: text(file.file_type),
  }))
  return {
    uuid: text(uuid),
    status: text(status),
    collection_id: text(collection_id),
    message: message === null ? null : text(message),
    protocolVersion: text(protocolVersion),
    queryResult: { ...queryResult, files },
  }
}

function parseWholeNumber(value: unknown): number | undefined {
  const number = parseInteger(value)
  return number === undefined || number < 0 ? undefined : number
}

/** Whether the node reported an error instead of a count. */
export function isFailure(result: Pick<TaskResult, 'status'>): boolean {
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
export function distributionResult<File extends EncodedFile>(
  task: TaskAddress,
  rows: number,
  files: readonly File[],
  message = '',
): ResultWith<File> {
  return result(task, 'ok', message, { count: rows, datasetCount: files.length > 0 ? 1 : 0, files })
}

export function errorResult(task: TaskAddress, message: string): TaskResult {
  return result(task, 'error', message, { count: 0, datasetCount: 0, files: [] })
}

function result<File extends EncodedFile>(
  task: TaskAddress,
  status: string,
  message: string,
  queryResult: ResultWith<File>['queryResult'],
): ResultWith<File> {
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
  return serialize(result, ({ file_data }) => file_data)
}

/** `serializeResult` in UTF-8, without making strings of the data that are bytes. Has memory of its own. */
export function serializeResultBytes(result: EncodedResult): Buffer<ArrayBuffer> {
  // No text of a result can contain it.
  const placeholder = `${randomUUID()}:`
  const data: Buffer[] = []
  const around = serialize(result, ({ file_data }) => {
    if (typeof file_data === 'string') return file_data
    data.push(file_data)
    return placeholder
  }).split(placeholder)
  const parts = around.flatMap((text, index) => [Buffer.from(text), data[index] ?? Buffer.alloc(0)])
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const bytes = Buffer.from(new ArrayBuffer(length))
  let at = 0
  for (const part of parts) at += part.copy(bytes, at)
  return bytes
}

function serialize<File extends EncodedFile>(
  result: ResultWith<File>,
  dataOf: (file: File) => string,
): string {
  const { uuid, status, collection_id, message, protocolVersion, queryResult } = result
  const files = queryResult.files.map((file) => ({
    file_name: file.file_name,
    file_data: dataOf(file),
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

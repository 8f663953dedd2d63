import {
  CODE_DISTRIBUTION,
  decodeDistribution,
  encodeDistribution,
  type TaskResult,
} from '@warren/task-api'
import { contentOf } from '../audit/what-left.ts'

/** A distribution without the rows of denied concepts. */
export function withoutDeniedRows(result: TaskResult, denied: ReadonlySet<number>): TaskResult {
  if (denied.size === 0) return result
  let removed = 0
  const files = result.queryResult.files.map((file) => {
    if (file.file_name !== CODE_DISTRIBUTION) return file
    const isEncoded = contentOf(file).toString('base64') === file.file_data
    const { rows } = decodeDistribution(contentOf(file).toString('utf8'))
    const kept = rows.filter(({ omop }) => !denied.has(Number(omop)))
    if (kept.length === rows.length) return file
    removed += rows.length - kept.length
    const text = Buffer.from(encodeDistribution(CODE_DISTRIBUTION, kept))
    const data = isEncoded ? text.toString('base64') : text.toString('utf8')
    return { ...file, file_data: data, file_size: data.length / 1000 }
  })
  if (removed === 0) return result
  const { queryResult } = result
  return { ...result, queryResult: { ...queryResult, count: queryResult.count - removed, files } }
}

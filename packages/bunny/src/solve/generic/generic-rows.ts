import { CODE_PARTS } from '@warren/cdm'
import type { RowProducer } from '../row-sink.ts'
import { readRows } from '../run-query.ts'
import type { SolveContext } from '../solve-context.ts'
import { codeCountsStatement } from './code-counts.ts'
import { CodeReader } from './code-reader.ts'

/** The rows of a GENERIC distribution: how many people have each concept, by domain. */
export function genericRows(context: SolveContext): RowProducer {
  const { omop, policy, denied = new Set() } = context
  const parts = CODE_PARTS.filter(
    ({ table }) => table.switch === undefined || omop[table.switch] === true,
  )
  const statement = codeCountsStatement(parts, context)
  return async (sink) => {
    let reader = new CodeReader({ parts, policy, denied, sink })
    await readRows(context, statement, () => {
      sink.clear()
      reader = new CodeReader({ parts, policy, denied, sink })
      return (row) => reader.read(row)
    })
    reader.end()
  }
}

import {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  distributionResult,
  DistributionWriter,
  encodeMetadata,
  METADATA_BCOS,
  resultFile,
  type DistributionTask,
  type ResultFile,
  type EncodedResult,
} from '@warren/task-api'
import { demographicsRows } from './demographics/demographics-rows.ts'
import type { CachedCode } from './distribution-cache.ts'
import { genericRows } from './generic/generic-rows.ts'
import { icdRows } from './icd/icd-rows.ts'
import type { RowProducer, RowSink } from './row-sink.ts'
import type { SolveContext } from './solve-context.ts'
import { Unanswerable } from './unanswerable.ts'

interface DistributionKind {
  readonly rows: (context: SolveContext) => RowProducer
  readonly file: typeof CODE_DISTRIBUTION | typeof DEMOGRAPHICS_DISTRIBUTION
  readonly hasMetadata: boolean
}

const KINDS: Readonly<Record<CachedCode, DistributionKind>> = {
  GENERIC: { rows: genericRows, file: CODE_DISTRIBUTION, hasMetadata: true },
  DEMOGRAPHICS: { rows: demographicsRows, file: DEMOGRAPHICS_DISTRIBUTION, hasMetadata: false },
  'ICD-MAIN': { rows: icdRows, file: CODE_DISTRIBUTION, hasMetadata: true },
}

/** Solves a distribution of the kind that the task names. Its rows are written as they are computed. */
export async function solveDistribution(
  task: DistributionTask,
  context: SolveContext,
): Promise<EncodedResult> {
  const { cache, encode, denied = new Set() } = context
  const code = codeOf(task)
  const { rows, file, hasMetadata } = KINDS[code]
  const writer = new DistributionWriter(file, { encode })
  const sink: RowSink = {
    add: (row) => writer.add({ ...row, biobank: task.collection }),
    clear: () => writer.clear(),
  }
  const produce = rows(context)
  await (cache === undefined ? produce(sink) : cache.rows(code, denied, { sink, produce }))
  const count = writer.rows
  const result = writer.end({
    // Intended: the Python bunny sends this text for both files.
    description: `Result of ${CODE_DISTRIBUTION} analysis`,
    sensitive: true,
  })
  const files = hasMetadata ? [result, metadataFile(task, context)] : [result]
  return distributionResult(task, count, files)
}

function codeOf({ analysis, code }: DistributionTask): CachedCode {
  if (analysis !== 'DISTRIBUTION') {
    throw new Unanswerable('unsupported', `${shorten(analysis)} analyses are not yet supported.`)
  }
  if (code === 'GENERIC' || code === 'DEMOGRAPHICS' || code === 'ICD-MAIN') return code
  throw new Unanswerable(
    'unsupported',
    `'${shorten(code)}' is not a valid distribution query type: use GENERIC, DEMOGRAPHICS or ICD-MAIN.`,
  )
}

function metadataFile(task: DistributionTask, context: SolveContext): ResultFile {
  const { policy, collectionId, version, encode } = context
  return resultFile({
    name: METADATA_BCOS,
    text: encodeMetadata({
      biobank: collectionId ?? task.collection,
      protocol: 'Warren Bunny',
      os: '',
      bclink: version,
      dataModel: 'OMOP',
      rounding: Math.max(0, policy.nearest),
      threshold: Math.max(0, policy.threshold),
    }),
    description: `Metadata for the result of ${CODE_DISTRIBUTION} analysis`,
    sensitive: false,
    size: 'encoded-kb',
    encode,
  })
}

/** Text from the task, shortened for the message. */
const shorten = (word: string): string => (word.length <= 40 ? word : `${word.slice(0, 39)}…`)

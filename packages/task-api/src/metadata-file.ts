/** The second file of a GENERIC distribution: the collection, the program and the policy behind the counts. */
export const METADATA_BCOS = 'metadata.bcos'

const COLUMNS = ['BIOBANK', 'PROTOCOL', 'OS', 'BCLINK', 'DATAMODEL', 'ROUNDING', 'THRESHOLD']

export interface ResultMetadata {
  readonly biobank: string
  readonly protocol: string
  readonly os: string
  /** Version of the program that wrote the file. */
  readonly bclink: string
  readonly dataModel: string
  readonly rounding: number
  readonly threshold: number
}

/** Header and one row, tab-separated, no final newline. */
export function encodeMetadata(metadata: ResultMetadata): string {
  const { biobank, protocol, os, bclink, dataModel, rounding, threshold } = metadata
  const row = [biobank, protocol, os, bclink, dataModel, String(rounding), String(threshold)]
  const fields = row.map((field) => field.replaceAll(/[\t\r\n]+/g, ' '))
  return `${COLUMNS.join('\t')}\n${fields.join('\t')}`
}

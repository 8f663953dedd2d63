import { types, type CustomTypesConfig } from 'pg'

const asText = (text: string): string => text

/** Types whose default parser in pg loses precision or uses the local time zone. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, wholeNumber],
  [types.builtins.NUMERIC, Number],
  [types.builtins.DATE, asText],
  [types.builtins.TIME, asText],
  [types.builtins.TIMESTAMP, asText],
  [types.builtins.TIMESTAMPTZ, asText],
])

export const postgresTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS.get(oid) ?? types.getTypeParser(oid, 'text'),
}

function wholeNumber(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

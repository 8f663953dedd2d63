import { types, type CustomTypesConfig } from 'pg'

const asText = (text: string): string => text

/** Types where pg's own parser loses the value or ties it to this machine's time zone. */
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

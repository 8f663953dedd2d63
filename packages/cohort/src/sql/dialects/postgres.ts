import type { Dialect } from '../dialect.ts'

export const postgres: Dialect = {
  placeholder: (position) => `$${position}`,
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  datePart: (part, date) => `extract(${part} from ${date})`,
  // The type of the CDM. With a double, PostgreSQL would convert the value of every row through text.
  decimalType: 'numeric',
  doubleType: 'double precision',
}

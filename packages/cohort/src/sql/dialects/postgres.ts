import type { Dialect } from '../dialect.ts'

export const postgres: Dialect = {
  placeholder: (position) => `$${position}`,
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  datePart: (part, date) => `extract(${part} from ${date})`,
  // The CDM's own type. A double would make PostgreSQL convert every row of the concept through text.
  decimalType: 'numeric',
  doubleType: 'double precision',
}

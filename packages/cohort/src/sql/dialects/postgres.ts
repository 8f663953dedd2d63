import type { Dialect } from '../dialect.ts'

export const postgres: Dialect = {
  placeholder: (position) => `$${position}`,
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  datePart: (part, date) => `extract(${part} from ${date})`,
  // The CDM's own type for it; a double would make every row of the concept pass through text.
  decimalType: 'numeric',
  doubleType: 'double precision',
}

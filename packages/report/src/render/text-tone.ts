import type { Styles } from '@warren/runtime/cli'
import type { Tone } from './wording.ts'

/** The terminal colour of a tone. */
export const COLOUR = {
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  note: 'blue',
  none: 'gray',
} as const satisfies Record<Tone, keyof Styles>

import { clockWord } from '../findings/words.ts'
import { instant } from './instants.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** How a text of the report names a time: `06:42:07`, in a window of several days `26 Sep 06:42:07`. */
export function momentWord(
  time: number,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const written = instant(time)
  const severalDays = instant(from)?.slice(0, 10) !== instant(to)?.slice(0, 10)
  if (written === null || !severalDays) return clockWord(time)
  return `${Number(written.slice(8, 10))} ${MONTHS[Number(written.slice(5, 7)) - 1] ?? ''} ${clockWord(time)}`
}

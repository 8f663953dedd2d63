import { formatTable, type Styles } from '@warren/runtime/cli'
import { wrapped } from '../render/text-lines.ts'
import { MARK, ROLE_LABEL } from '../render/wording.ts'
import { formatNumber } from '../vocabulary/figures.ts'
import { checkSentence } from './log-check.ts'
import type { CheckedFile, LogCheck } from './log-check.ts'

const MAX_FILES = 100

/** The check for a terminal. */
export function renderCheck(
  check: LogCheck,
  paint: Styles,
  columns = Number.POSITIVE_INFINITY,
): string {
  const { files, missing, complete } = check
  const mark = complete ? paint.green(MARK.good) : paint.yellow(MARK.warn)
  const [first = '', ...rest] = wrapped(checkSentence(check), columns, '  ')
  const rows = files
    .slice(0, MAX_FILES)
    .map((file) => [
      file.file,
      `${file.format}${file.wrapper === 'none' ? '' : `, ${file.wrapper}`}`,
      file.role === 'unknown' ? '–' : ROLE_LABEL[file.role],
      `${file.estimated ? '~' : ''}${formatNumber(file.lines)}`,
      range(file),
    ])
  const head = ['file', 'format', 'role', 'lines', 'time range (UTC)']
  const more = files.length - rows.length
  return [
    `${mark} ${first.slice(2)}`,
    ...rest,
    '',
    ...(rows.length === 0
      ? []
      : formatTable(rows, { head, tty: true, columns }).trimEnd().split('\n')),
    ...(more > 0 ? [paint.dim(`and ${more} more`)] : []),
    ...missing.flatMap(({ log, required, why, commands }) => {
      const sign = required ? paint.yellow(MARK.warn) : paint.blue(MARK.note)
      const title = `${required ? 'missing' : 'helpful'}: ${log}`
      return [
        '',
        `${sign} ${paint.bold(title)}`,
        ...wrapped(why, columns, '  '),
        ...commands.map((command) => paint.cyan(`    ${command}`)),
      ]
    }),
    '',
  ].join('\n')
}

function range({ from, to, dateKnown }: CheckedFile): string {
  if (from === null || to === null) return 'unknown'
  const start = dateKnown ? from.slice(0, 19).replace('T', ' ') : from.slice(11, 19)
  const sameDay = from.slice(0, 10) === to.slice(0, 10)
  const end = sameDay || !dateKnown ? to.slice(11, 19) : to.slice(0, 19).replace('T', ' ')
  return `${start} to ${end}`
}

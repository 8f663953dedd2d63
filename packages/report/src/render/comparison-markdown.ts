import type { ReportDocument } from '../document/report-document.ts'
import {
  ANSWER_TONE,
  CHANGE_HEADS,
  formatAnswer,
  formatChange,
  formatCovered,
  formatRanges,
  oneLogPerLink,
  OUTCOME_LABEL,
  OUTCOME_TONE,
} from './comparison-wording.ts'
import { code, text } from './markdown-text.ts'
import { MARK, SEVERITY_TONE } from './wording.ts'

// With these limits the report still fits into one GitHub comment.
const MAX_FAILURES = 20
const MAX_LINKS = 20

/** The first section of a report with a comparison; empty without one. */
export function comparisonMarkdown(document: ReportDocument): string[] {
  const { comparison } = document
  if (comparison === undefined) return []
  const { answer, sentence, failures, caveats } = comparison
  const links = oneLogPerLink(comparison.links)
  const fresh = comparison.new
  const lines = [
    '## Before and after',
    '',
    `**${MARK[ANSWER_TONE[answer]]} ${formatAnswer(comparison)}** ${text(sentence)}`,
    '',
    ...formatRanges(document, comparison).map(([label, range]) => `- ${label}: ${text(range)}`),
    '',
    ...caveats.flatMap((caveat) => [`> ${MARK.warn} ${text(caveat)}`, '']),
  ]
  if (failures.length > 0) {
    lines.push('| | earlier failure | now | evidence |', '| --- | --- | --- | --- |')
    for (const failure of failures.slice(0, MAX_FAILURES)) {
      const { outcome, title, missing } = failure
      const collect =
        missing === null
          ? ''
          : ` Collect the ${text(missing.log)}: ${code(missing.command).replaceAll('|', String.raw`\|`)}`
      lines.push(
        `| ${MARK[OUTCOME_TONE[outcome]]} | ${text(title)} | ${OUTCOME_LABEL[outcome]} | ${text(failure.text)}${collect} |`,
      )
    }
    lines.push('', ...more(failures.length - MAX_FAILURES))
  }
  if (fresh.length > 0)
    lines.push(
      'New failures:',
      '',
      ...fresh
        .slice(0, MAX_FAILURES)
        .map(
          ({ finding, title, severity, covered }) =>
            `- ${MARK[SEVERITY_TONE[severity]]} ${finding} · ${text(title)}${formatCovered(covered)}`,
        ),
      '',
      ...more(fresh.length - MAX_FAILURES),
    )
  if (links.length > 0)
    lines.push(
      `| | link, before → after | log | ${CHANGE_HEADS.join(' | ')} |`,
      `| --- | --- | --- |${CHANGE_HEADS.map(() => ' --- |').join('')}`,
      ...links
        .slice(0, MAX_LINKS)
        .map(
          (link) =>
            `| ${link.changed.length > 0 ? MARK.note : ''} | ${text(link.name)} | ${text(link.side.replace('-', ' '))} | ${formatChange(link).join(' | ')} |`,
        ),
      '',
      ...more(links.length - MAX_LINKS),
    )
  return lines
}

function more(count: number): string[] {
  return count > 0 ? [`and ${count} more`, ''] : []
}

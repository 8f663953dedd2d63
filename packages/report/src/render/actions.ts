import type { Finding, ReportDocument } from '../document/report-document.ts'
import { formatList, formatParty } from './wording.ts'

/** What a party must do because of one cause, on all its links. */
export interface ActionRow {
  /** `site-b (site)`; `site-b, site-c and 10 more (site)` if several must do the same. */
  readonly party: string
  readonly action: string
  /** Most severe first. */
  readonly findings: readonly [Finding, ...Finding[]]
}

/** Who must act: one row per party and cause, in the order of the findings. */
export function actionRows(
  { findings }: Pick<ReportDocument, 'findings'>,
  max = 5,
): { readonly shown: readonly ActionRow[]; readonly more: number } {
  const toActOn = findings.filter(({ severity, party }) => severity !== 'info' && party !== 'none')
  const groups = [
    ...Map.groupBy(toActOn, ({ party, cause, action }) => `${party} ${cause} ${action}`),
  ]
  const rows = groups.flatMap(([, [first, ...others]]): ActionRow[] =>
    first === undefined
      ? []
      : [
          {
            party: partyOf([first, ...others]),
            action: first.action,
            findings: [first, ...others],
          },
        ],
  )
  return { shown: rows.slice(0, max), more: Math.max(0, rows.length - max) }
}

function partyOf(findings: readonly [Finding, ...Finding[]]): string {
  const names = [...new Set(findings.flatMap(({ partyName }) => partyName ?? []))]
  const [first] = findings
  return names.length > 1 ? `${formatList(names, 3)} (${first.party})` : formatParty(first)
}

const COMMAND = /`([^`]+ [^`]+)`/

/** The first command that helps with a finding, else its first step; undefined if there is none. Backticks mark code. */
export function firstStep({ action, next }: Pick<Finding, 'action' | 'next'>): string | undefined {
  const [command] = [action, ...next].flatMap((step) => COMMAND.exec(step)?.[0] ?? [])
  return command === undefined ? next[0] : `${command}.`
}

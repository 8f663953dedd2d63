import { format, resolveConfig } from 'prettier'

import { CAUSE_SHEET, CAUSES } from '../../packages/report/src/index.ts'

/** The page that lists the causes of the report, relative to the root. */
export const CAUSES_PAGE = 'docs/causes.md'

/** The text of the page. */
export async function causesPage(): Promise<string> {
  const sections = CAUSES.map((cause) => {
    const { title, party, action, next, bringsAbout } = CAUSE_SHEET[cause]
    return [
      `## ${cause}`,
      `${capitalised(title)}. ${PARTIES[party]}`,
      action,
      next.map((step) => `- ${step}`).join('\n'),
      bringsAbout.length === 0
        ? ''
        : `Explains these findings while it lasts: ${bringsAbout.map(linkTo).join(', ')}.`,
    ]
      .filter((part) => part !== '')
      .join('\n\n')
  })
  const text = [
    '# Causes of findings',
    '<!-- Generated from the sheet of causes in packages/report by `npm run docs:write`. Do not edit. -->',
    `The report names a cause for every finding: what is wrong, who must act, and how to find the reason. A finding names another party
or action where its logs show more.`,
    ...sections,
  ].join('\n\n')
  return format(text, { ...(await resolveConfig(CAUSES_PAGE)), parser: 'markdown' })
}

const PARTIES = {
  site: 'The site must act.',
  hub: 'The hub must act.',
  network: 'The people who run the network between site and hub must act.',
  upstream: 'The upstream must act.',
  operator: 'The person who collected the logs must act.',
  none: 'No action is needed.',
} as const

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function linkTo(cause: string): string {
  return `[${cause}](#${cause})`
}

import { format, resolveConfig } from 'prettier'

import { API_ERRORS } from '../../packages/relay/src/index.ts'
import type { ErrorCatalogue } from '../../packages/runtime/src/http.ts'
import { UPSTREAM_ERRORS } from '../../packages/upstream/src/index.ts'

/** A page that lists the errors of an API. */
export interface ErrorsPage {
  readonly file: string
  readonly title: string
  readonly about: string
  readonly errors: ErrorCatalogue
}

export const ERRORS_PAGES: readonly ErrorsPage[] = [
  {
    file: 'packages/relay/docs/errors.md',
    title: 'Errors of the relay',
    about: `Every error is a problem document (\`application/problem+json\`) with \`code\`, \`title\`, \`status\`, \`action\` and
\`requestId\`, and sometimes \`detail\` or \`problems\`. The one exception is the 409 for a late result: its body is the one that
existing bunnies expect, without a \`code\`. Existing bunnies retry after 5xx, but not after 4xx.`,
    errors: API_ERRORS,
  },
  {
    file: 'packages/upstream/docs/errors.md',
    title: 'Errors of the upstream',
    about: `Every error is a JSON object with \`code\`, \`message\`, \`action\` and \`requestId\`, and sometimes \`problems\` with their
paths. The one exception is the 409 for a second result with the \`older\` behaviour.`,
    errors: UPSTREAM_ERRORS,
  },
]

/** The text of the page. */
export async function errorsPage({ file, title, about, errors }: ErrorsPage): Promise<string> {
  const rows = Object.entries(errors).map(([code, { status, retryable, title: what, action }]) => {
    const cells = [`\`${code}\``, String(status), retryable ? 'yes' : 'no', what, action]
    return `| ${cells.join(' | ')} |`
  })
  const text = [
    `# ${title}`,
    '<!-- Generated from the list of errors in the source by `npm run docs:write`. Do not edit. -->',
    about,
    [
      '| code | status | retry | what happened | what to do |',
      '| - | - | - | - | - |',
      ...rows,
    ].join('\n'),
  ].join('\n\n')
  return format(text, { ...(await resolveConfig(file)), parser: 'markdown' })
}

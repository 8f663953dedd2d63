import { ExitCode, ProgramError } from '@warren/runtime/cli'

/** Where lines come from, according to the operator, the wrapper or the folder. */
export interface SourceLabels {
  component?: string
  cluster?: string
  namespace?: string
  pod?: string
  container?: string
  /** Name of the client, if it is not in the pod name. */
  client?: string
  version?: string
  /** Time zone of times without one: `UTC`, `+01:00`, `Europe/London`. */
  tz?: string
  /** Date (YYYY-MM-DD) of the first line, for logs without dates. */
  date?: string
}

const KEYS = [
  'component',
  'cluster',
  'namespace',
  'pod',
  'container',
  'client',
  'version',
  'tz',
  'date',
] as const

/** Common names of the components, and their roles. The error message names the best of them. */
const ROLES = new Map([
  ['bunny', 'client'],
  ['client', 'client'],
  ['node', 'client'],
  ['edge', 'client'],
  ['relay', 'relay'],
  ['hub', 'relay'],
  ['rabbitmq', 'broker'],
  ['rabbit', 'broker'],
  ['broker', 'broker'],
  ['amqp', 'broker'],
  ['postgres', 'database'],
  ['postgresql', 'database'],
  ['database', 'database'],
  ['db', 'database'],
  ['alb', 'load-balancer'],
  ['elb', 'load-balancer'],
  ['nginx', 'load-balancer'],
  ['ingress', 'load-balancer'],
  ['load-balancer', 'load-balancer'],
  ['loadbalancer', 'load-balancer'],
  ['balancer', 'load-balancer'],
  ['proxy', 'load-balancer'],
  ['upstream', 'upstream'],
])

/** The role of a component label; undefined if unknown. */
export function roleOfComponent(component: string): string | undefined {
  return ROLES.get(component.toLowerCase())
}

/**
 * Parses `component=bunny,cluster=site-a:logs/bunny.log` into labels and file. The first colon after the labels separates them; the
 * file name may contain more colons (`C:\…`).
 * @throws ProgramError (usage) with the invalid label
 */
export function parseSourceOption(text: string): { labels: SourceLabels; file: string } {
  const match = /^([A-Za-z]+=[^:]*):(.+)$/s.exec(text)
  if (!match) {
    throw new ProgramError(`--source: ${JSON.stringify(text)} does not have the form labels:file`, {
      exitCode: ExitCode.usage,
      hint: 'Use for example --source component=bunny,cluster=site-a:site-a/bunny.log.',
    })
  }
  const labels: SourceLabels = {}
  for (const pair of (match[1] ?? '').split(',')) {
    const [key = '', ...rest] = pair.split('=')
    const value = rest.join('=').trim()
    const known = KEYS.find((name) => name === key.trim().toLowerCase())
    if (known === undefined || value === '') {
      throw new ProgramError(`--source: unknown label ${JSON.stringify(pair)}`, {
        exitCode: ExitCode.usage,
        hint: `Use key=value with one of ${KEYS.join(', ')}.`,
      })
    }
    if (known === 'component' && roleOfComponent(value) === undefined) {
      throw new ProgramError(`--source: unknown component ${JSON.stringify(value)}`, {
        exitCode: ExitCode.usage,
        hint: 'Use bunny, relay, rabbitmq, postgresql, load-balancer or upstream.',
      })
    }
    labels[known] = value
  }
  return { labels, file: match[2] ?? '' }
}

import { ExitCode, ProgramError } from '@warren/runtime/cli'

/** What an operator, a wrapper or a folder says about where lines come from. Every member may be unknown. */
export interface SourceLabels {
  component?: string
  cluster?: string
  namespace?: string
  pod?: string
  container?: string
  /** Name of the client, where the pod name does not tell it. */
  client?: string
  version?: string
  /** Zone of times without one: `UTC`, `+01:00`, `Europe/London`. */
  tz?: string
  /** Date (YYYY-MM-DD) on which lines without a date begin. */
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

/** What people call the parts, and what we call them. */
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

/** Role a component label stands for; undefined if the word is not one of ours. */
export function roleOfComponent(component: string): string | undefined {
  return ROLES.get(component.toLowerCase())
}

/**
 * `component=bunny,cluster=site-a:logs/bunny.log` into labels and file. The first colon after the labels separates; a file name
 * may hold further colons (and `C:\…`).
 * @throws ProgramError (usage) naming the label that is wrong
 */
export function parseSourceOption(text: string): { labels: SourceLabels; file: string } {
  const match = /^([A-Za-z]+=[^:]*):(.+)$/s.exec(text)
  if (!match) {
    throw new ProgramError(`--source ${text}: not of the form labels:FILE`, {
      exitCode: ExitCode.usage,
      hint: 'write for example --source component=bunny,cluster=site-a:site-a/bunny.log',
    })
  }
  const labels: SourceLabels = {}
  for (const pair of (match[1] ?? '').split(',')) {
    const [key = '', ...rest] = pair.split('=')
    const value = rest.join('=').trim()
    const known = KEYS.find((name) => name === key.trim().toLowerCase())
    if (known === undefined || value === '') {
      throw new ProgramError(
        `--source: label ${JSON.stringify(pair)} is not one of ${KEYS.join(', ')}`,
        {
          exitCode: ExitCode.usage,
          hint: 'write for example --source component=bunny,cluster=site-a:site-a/bunny.log',
        },
      )
    }
    if (known === 'component' && roleOfComponent(value) === undefined) {
      throw new ProgramError(`--source: component ${JSON.stringify(value)} is not known`, {
        exitCode: ExitCode.usage,
        hint: `use one of ${[...ROLES.keys()].join(', ')}`,
      })
    }
    labels[known] = value
  }
  return { labels, file: match[2] ?? '' }
}

import { gzipSync } from 'node:zlib'
import type { LogLine } from './log-line.ts'

/** What collecting tools make of lines. */
export const WRAPPINGS = [
  'raw',
  'kubectl',
  'kubectl-timestamps',
  'stern',
  'stern-json',
  'cri',
  'docker',
  'loki-lines',
  'loki-array',
  'loki-csv',
  'compose',
  'raw-gzip',
  'loki-newest-first',
] as const
export type Wrapping = (typeof WRAPPINGS)[number]

/** The wrapping states exact times. */
export function statesTimes(wrapping: Wrapping): boolean {
  return !['raw', 'raw-gzip', 'stern', 'compose', 'stern-json'].includes(wrapping)
}

export interface Pod {
  cluster: string
  namespace: string
  pod: string
  container: string
}

/** Lines as bytes of a file, and what it would be called. */
export function wrapLines(
  events: readonly LogLine[],
  wrapping: Wrapping,
  pod: Pod,
): { name: string; bytes: Buffer } {
  const lines = events
    .toSorted((a, b) => a.at - b.at)
    .flatMap(({ at, lines: texts }) => texts.map((text) => ({ at, text })))
  const { cluster, namespace, pod: podName, container } = pod
  const join = (texts: string[]): Buffer => Buffer.from(texts.map((text) => `${text}\n`).join(''))
  const labels = { cluster, namespace, pod: podName, container }
  switch (wrapping) {
    case 'raw':
      return { name: `${podName}.log`, bytes: join(lines.map(({ text }) => text)) }
    case 'raw-gzip':
      return { name: `${podName}.log.gz`, bytes: gzipSync(join(lines.map(({ text }) => text))) }
    case 'kubectl':
      return {
        name: `${podName}.log`,
        bytes: join(
          lines.map(({ at, text }) => `[pod/${podName}/${container}] ${nano(at)} ${text}`),
        ),
      }
    case 'kubectl-timestamps':
      return {
        name: `${podName}.log`,
        bytes: join(lines.map(({ at, text }) => `${nano(at)} ${text}`)),
      }
    case 'stern':
      return {
        name: `${podName}.txt`,
        bytes: join(lines.map(({ text }) => `${podName} ${container} ${text}`)),
      }
    case 'stern-json':
      return {
        name: `${podName}.jsonl`,
        bytes: join(
          lines.map(({ text }) =>
            JSON.stringify({
              message: text,
              nodeName: 'node-1',
              namespace,
              podName,
              containerName: container,
            }),
          ),
        ),
      }
    case 'cri':
      return {
        name: `${podName}_${container}.log`,
        bytes: join(lines.map(({ at, text }) => `${nano(at)} stderr F ${text}`)),
      }
    case 'docker':
      return {
        name: `${podName}-json.log`,
        bytes: join(
          lines.map(({ at, text }) =>
            JSON.stringify({ log: `${text}\n`, stream: 'stderr', time: nano(at) }),
          ),
        ),
      }
    case 'loki-lines':
      return {
        name: `${podName}.jsonl`,
        bytes: join(
          lines.map(({ at, text }) => JSON.stringify({ labels, line: text, timestamp: nano(at) })),
        ),
      }
    case 'loki-array':
      return {
        name: `${podName}.json`,
        bytes: Buffer.from(
          JSON.stringify(
            lines.map(({ at, text }) => ({
              line: text,
              timestamp: `${Math.round(at)}000000`,
              fields: labels,
            })),
            null,
            2,
          ),
        ),
      }
    case 'loki-newest-first':
      return {
        name: `${podName}.json`,
        bytes: Buffer.from(
          JSON.stringify(
            lines.toReversed().map(({ at, text }) => ({
              line: text,
              timestamp: `${Math.round(at)}000000`,
              labels,
            })),
          ),
        ),
      }
    case 'loki-csv':
      return {
        name: `${podName}.csv`,
        bytes: join([
          'timestamp,cluster,pod,container,line',
          ...lines.map(
            ({ at, text }) =>
              `${nano(at)},${cluster},${podName},${container},"${text.replaceAll('"', '""')}"`,
          ),
        ]),
      }
    case 'compose':
      return {
        name: `${podName}.txt`,
        bytes: join(lines.map(({ text }) => `${podName.slice(0, 12)}  | ${text}`)),
      }
    default:
      return wrapping satisfies never
  }
}

function nano(at: number): string {
  return `${new Date(Math.floor(at)).toISOString().slice(0, 23)}${String(Math.floor((at % 1) * 1e6)).padStart(6, '0')}Z`
}

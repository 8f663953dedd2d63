import { nanoStamp } from '../writers/clock-text.ts'
import type { PodLine } from './wrapped.ts'
import { textFile } from './wrapped.ts'

/** Without a wrapper. */
export function raw(lines: readonly PodLine[]): string {
  return textFile(lines.map(({ text }) => text))
}

/** `kubectl logs --prefix --timestamps` */
export function kubectl(lines: readonly PodLine[]): string {
  return textFile(
    lines.map(({ origin, time, text }, index) => {
      return `[pod/${origin.pod}/${origin.container}] ${nanoStamp(time, index)} ${text}`
    }),
  )
}

/** `stern`, when its output is a pipe. */
export function stern(lines: readonly PodLine[]): string {
  return textFile(lines.map(({ origin, text }) => `${origin.pod} ${origin.container} ${text}`))
}

/** `stern --output json` */
export function sternJson(lines: readonly PodLine[]): string {
  return textFile(
    lines.map(({ origin, text }) =>
      JSON.stringify({
        message: `${text}\n`,
        nodeName: `node-1.${origin.cluster}`,
        namespace: origin.namespace,
        podName: origin.pod,
        containerName: origin.container,
      }),
    ),
  )
}

/** Length at which a container runtime splits lines: 16 KiB in reality, shorter here so that it happens. */
const CRI_PIECE = 400

/** Log files on a Kubernetes node (`/var/log/pods`); `P` marks a partial line. */
export function cri(lines: readonly PodLine[]): string {
  return textFile(
    lines.flatMap(({ time, text }, index) => {
      const stamp = nanoStamp(time, index)
      const pieces = piecesOf(text)
      return pieces.map((piece, at) => {
        return `${stamp} stderr ${at < pieces.length - 1 ? 'P' : 'F'} ${piece}`
      })
    }),
  )
}

function piecesOf(text: string): string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += CRI_PIECE) pieces.push(text.slice(at, at + CRI_PIECE))
  return pieces.length === 0 ? [''] : pieces
}

/** Docker's json-file driver. */
export function docker(lines: readonly PodLine[]): string {
  return textFile(
    lines.map(({ time, text }, index) =>
      JSON.stringify({ log: `${text}\n`, stream: 'stderr', time: nanoStamp(time, index) }),
    ),
  )
}

import { kubernetesSourceId } from '../findings/incident-findings.ts'
import type { KubernetesFile } from '../kubernetes/kubernetes-file.ts'
import { instant } from './instants.ts'
import type { Source } from './report-document.ts'

/** One entry per file with the output of kubectl or of a similar command. */
export function kubernetesSources(
  files: readonly KubernetesFile[],
  sourceIds: ReadonlyMap<number, string>,
): Source[] {
  return files.map(({ path, format, lines, incidents }, index) => {
    const times = incidents
      .flatMap(({ first, last }) => [first, last])
      .filter((time) => !Number.isNaN(time))
    return {
      id: sourceIds.get(kubernetesSourceId(index)) ?? 'S0',
      file: path,
      component: null,
      role: 'unknown',
      wrapper: 'none',
      format,
      compressed: false,
      lines,
      events: incidents.length,
      continuations: 0,
      unreadable: 0,
      shortened: 0,
      outside: 0,
      first: times.length === 0 ? null : instant(Math.min(...times)),
      last: times.length === 0 ? null : instant(Math.max(...times)),
      placement:
        times.length > 0
          ? { method: 'stated', offsetMinutes: 0, confidence: 'certain', text: 'UTC' }
          : {
              method: 'none',
              offsetMinutes: null,
              confidence: 'certain',
              text: 'no times, only ages',
            },
      gaps: [],
      samples: [],
      notes: [],
    }
  })
}

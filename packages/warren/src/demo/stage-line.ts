import { displayWidth, type Styles } from '@warren/runtime'

import { STAGES, type QuestionProgress, type Stage } from './question-progress.ts'

const GAP = '  '

/** The progress of a question on one line: all stages if they fit into `width`, otherwise the current one. */
export function stageLine(progress: QuestionProgress, paint: Styles, width: number): string {
  const all = stageParts(progress, paint).join(GAP)
  if (displayWidth(all) <= width) return all
  const reached = STAGES.indexOf(progress.stage) + 1
  const dots = paint.green('●'.repeat(reached)) + paint.dim('○'.repeat(STAGES.length - reached))
  return `${dots} ${labelOf(progress.stage, progress)}`
}

/** All stages on as many lines as they need, followed by `end`. */
export function stageLines(
  progress: QuestionProgress,
  paint: Styles,
  { width, end }: { width: number; end: string },
): string[] {
  const lines: string[] = []
  for (const part of [...stageParts(progress, paint), end]) {
    const longer = lines.length === 0 ? part : `${lines.at(-1) ?? ''}${GAP}${part}`
    if (lines.length > 0 && displayWidth(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(part)
  }
  return lines
}

function stageParts(progress: QuestionProgress, { dim, green }: Styles): string[] {
  const reached = STAGES.indexOf(progress.stage)
  return STAGES.map((stage, index) =>
    index <= reached ? `${green('●')} ${labelOf(stage, progress)}` : dim(`○ ${stage}`),
  )
}

function labelOf(stage: Stage, { asked, handedOut, results }: QuestionProgress): string {
  switch (stage) {
    case 'handed out':
      return `handed to ${handedOut === asked ? asked : `${handedOut} of ${asked}`} nodes`
    case 'answered':
      return `${results.length} answered`
    case 'asked':
    case 'combined':
    case 'submitted':
      return stage
    default:
      return stage satisfies never
  }
}

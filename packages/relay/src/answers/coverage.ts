/** How the nodes answered a task. asked = answered + failed + late. */
export interface Coverage {
  readonly asked: number
  /** Nodes whose result was counted, in whole or in part. */
  readonly answered: number
  /** Nodes whose result was counted in part: of those that answered. */
  readonly partial: number
  /** Nodes that reported an error, or whose result could not be used. */
  readonly failed: number
  /** Nodes that had not answered when the task was settled. */
  readonly late: number
}

/** Why nodes could not answer: merged, and without names. */
interface Reasons {
  toString(): string
  aboutQuestion(): string
}

/**
 * For the researcher. Never names a node or reveals which counts were suppressed. A node's
 * reason that is about the question is always reported, any other one if no node answered.
 */
export function coverageMessage(coverage: Coverage, reasons: Reasons): string {
  const { asked, answered, partial, failed, late } = coverage
  if (answered > 0) {
    const inPart = partial > 0 ? `, ${partial} of them in part` : ''
    const about = reasons.aboutQuestion()
    // Without a reason, the numbers say it already.
    const why = failed > 0 && about !== '' ? `; ${failures(failed, about)}` : ''
    return `answered by ${answered} of ${nodes(asked)}${inPart}${why}`
  }
  const parts = [
    ...(failed > 0 ? [failures(failed, reasons.toString())] : []),
    ...(late > 0 ? [`${late} did not answer in time`] : []),
  ]
  return `no valid answer from ${nodes(asked)}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
}

function failures(failed: number, reasons: string): string {
  return `${failed} could not answer${reasons === '' ? '' : ` (${reasons})`}`
}

function nodes(number: number): string {
  return `${number} ${number === 1 ? 'node' : 'nodes'}`
}

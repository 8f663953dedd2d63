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

/**
 * For the researcher. Never names a node or reveals which counts were suppressed. `reasons`: why nodes could not answer. It is
 * reported if no node answered.
 */
export function coverageMessage(coverage: Coverage, reasons: string): string {
  const { asked, answered, partial, failed, late } = coverage
  if (answered > 0) {
    const inPart = partial > 0 ? `, ${partial} of them in part` : ''
    return `answered by ${answered} of ${nodes(asked)}${inPart}`
  }
  const parts = [
    ...(failed > 0 ? [`${failed} could not answer${reasons === '' ? '' : ` (${reasons})`}`] : []),
    ...(late > 0 ? [`${late} did not answer in time`] : []),
  ]
  return `no valid answer from ${nodes(asked)}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`
}

function nodes(number: number): string {
  return `${number} ${number === 1 ? 'node' : 'nodes'}`
}

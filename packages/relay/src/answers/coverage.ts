/** How the nodes answered a task. asked = answered + failed + late. */
export interface Coverage {
  readonly asked: number
  /** Nodes whose result was counted. */
  readonly answered: number
  /** Nodes that reported an error, or whose result could not be read. */
  readonly failed: number
  /** Nodes that had not answered when the task was settled. */
  readonly late: number
}

/** For the researcher. Never names a node or reveals which counts were suppressed. */
export function coverageMessage({ asked, answered, failed, late }: Coverage): string {
  if (answered > 0) return `answered by ${answered} of ${nodes(asked)}`
  const reasons = [
    ...(failed > 0 ? [`${failed} could not answer`] : []),
    ...(late > 0 ? [`${late} did not answer in time`] : []),
  ]
  return `no valid answer from ${nodes(asked)}${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}`
}

function nodes(number: number): string {
  return `${number} ${number === 1 ? 'node' : 'nodes'}`
}

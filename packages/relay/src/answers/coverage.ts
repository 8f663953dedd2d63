/** What became of the nodes that were asked. The four numbers say it all: asked = answered + failed + late. */
export interface Coverage {
  readonly asked: number
  /** Gave an answer that was counted. */
  readonly answered: number
  /** Said that they could not answer, or gave an answer that could not be read. */
  readonly failed: number
  /** Had not answered when the task was settled. */
  readonly late: number
}

/** For the researcher. Never names a node, and never says whose count was hidden. */
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

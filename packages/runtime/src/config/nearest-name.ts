/** The candidate that is most similar to `name`, or undefined if none is similar. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toUpperCase()
  // A name with more than a quarter of its letters wrong is not a typing error.
  let closest = Math.max(2, Math.floor(name.length / 4)) + 1
  let nearest: string | undefined
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toUpperCase())
    if (distance < closest) {
      closest = distance
      nearest = candidate
    }
  }
  return nearest
}

/** The number of insertions, deletions, substitutions and swaps of neighbours that turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      if (row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1)
      }
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}

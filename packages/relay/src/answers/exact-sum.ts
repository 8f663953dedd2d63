/** A sum of people is too large to be represented exactly. */
export class SumOverflowError extends RangeError {
  constructor() {
    super('the sum of the results is too large to be exact')
    this.name = 'SumOverflowError'
  }
}

/** @throws SumOverflowError beyond 2^53 - 1, because a rounded sum would look like an exact one. */
export function addExactly(sum: number, count: number): number {
  const next = sum + count
  if (!Number.isSafeInteger(next)) throw new SumOverflowError()
  return next
}

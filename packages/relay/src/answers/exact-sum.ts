/** A sum of people is too large to be exact. */
export class SumOverflowError extends RangeError {
  constructor() {
    super('the sum of the answers is too large to be exact')
    this.name = 'SumOverflowError'
  }
}

/** @throws SumOverflowError beyond 2^53 - 1: a wrong count must not look like a count. */
export function addExactly(sum: number, count: number): number {
  const next = sum + count
  if (!Number.isSafeInteger(next)) throw new SumOverflowError()
  return next
}

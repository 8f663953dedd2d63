import { disclose } from './disclose.ts'
import { revealsTheRest } from './disclose-partitions.ts'
import { knownInterval, smallestShown } from './known-interval.ts'
import type { DisclosurePolicy } from './policy.ts'

/** The figures of a whole and of its parts, in their order. 0: hidden. */
export interface DisclosedWhole {
  readonly whole: number
  readonly parts: readonly number[]
}

/**
 * The figures of a group of people and of parts that cover it and may overlap, such as an ICD-10 chapter and its codes. The
 * smallest parts are hidden until a hidden part does not follow from the whole and the parts that are shown.
 *
 * @throws RangeError like `disclose`.
 */
export function discloseWhole(
  whole: number,
  parts: readonly number[],
  policy: DisclosurePolicy,
): DisclosedWhole {
  const shownWhole = disclose(whole, policy)
  if (shownWhole === 0) return { whole: 0, parts: parts.map(() => 0) }
  const total = { count: whole, known: knownInterval(shownWhole, policy) }
  const figures = parts.map((count) => {
    const figure = disclose(count, policy)
    return figure > 0 && revealsTheRest({ count, figure }, total, policy) ? 0 : figure
  })
  const smallest = smallestShown(policy)
  const hidden = parts.filter((part, index) => part > 0 && figures[index] === 0)
  // A hidden part of at least `smallest` people can account for any difference.
  let isCovered = hidden.some((part) => part >= smallest)
  const least = knownInterval(shownWhole, policy).low
  let most = 0
  const shown = [...parts.keys()].filter((index) => (figures[index] ?? 0) > 0)
  for (const index of shown) most += knownInterval(figures[index] ?? 0, policy).high
  shown.sort((a, b) => (figures[b] ?? 0) - (figures[a] ?? 0) || a - b)
  const reveals = (): boolean =>
    !isCovered &&
    (hidden.length > 0
      ? least - most > hidden.length
      : policy.nearest > 1 && shown.length > 0 && least >= most)
  while (reveals()) {
    const index = shown.pop()
    if (index === undefined) break
    most -= knownInterval(figures[index] ?? 0, policy).high
    figures[index] = 0
    isCovered = true
  }
  return { whole: shownWhole, parts: figures }
}

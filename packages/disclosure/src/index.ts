export { disclose } from './disclose.ts'
export {
  disclosePartitions,
  revealsTheRest,
  type Category,
  type DisclosedPartitions,
} from './disclose-partitions.ts'
export { discloseWhole, type DisclosedWhole } from './disclose-whole.ts'
export { knownInterval, smallestShown, type Interval } from './known-interval.ts'
export { DEFAULT_POLICY, type DisclosurePolicy } from './policy.ts'
export {
  ModifierError,
  policyFromModifiers,
  type ModifierProblem,
} from './policy-from-modifiers.ts'
export { policyProblem, type PolicyProblem } from './policy-problem.ts'

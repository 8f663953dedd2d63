export { disclose } from './disclose.ts'
export { DEFAULT_POLICY, type DisclosurePolicy } from './policy.ts'
export {
  ModifierError,
  policyFromModifiers,
  type ModifierProblem,
} from './policy-from-modifiers.ts'

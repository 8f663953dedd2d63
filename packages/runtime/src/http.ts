// What the HTTP servers need to stay up whatever their clients send. It depends on no web framework.
export { ByteBudget, ByteBudgetError, type ByteBudgetOptions } from './http/byte-budget.ts'
export {
  BodyError,
  type BodyPace,
  declaredLength,
  readBody,
  SLOWEST_BODY,
} from './http/read-body.ts'

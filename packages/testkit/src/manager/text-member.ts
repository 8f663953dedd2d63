/** A text member of the manager's answer. */
export function text(answer: unknown, name: string): string {
  if (typeof answer === 'object' && answer !== null) {
    const value: unknown = Object.getOwnPropertyDescriptor(answer, name)?.value
    if (typeof value === 'string') return value
  }
  throw new Error(`the manager's answer has no ${name}`)
}

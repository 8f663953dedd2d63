/** A text member of a response of the service manager. */
export function text(response: unknown, name: string): string {
  if (typeof response === 'object' && response !== null) {
    const value: unknown = Object.getOwnPropertyDescriptor(response, name)?.value
    if (typeof value === 'string') return value
  }
  throw new Error(`the response of the service manager has no ${name}`)
}

/** Where in the code an error happened: .NET, Python, Node.js and Java. */
const STACK = /^\s+(?:at |File "|in |\S.*\^)|^\s*--- |^Traceback |^\s{4,}\S/
/** The component that logged the line, in the .NET relay. */
const LOGGED_BY = / <s:[^>]*>/g
/** `System.InvalidOperationException: message`, also as the inner exception after an arrow. */
const EXCEPTION =
  /^(?:\s*--->\s*)?(?:Unhandled exception\.\s*)?([\w.]+(?:Exception|Error))\b[^:]*: (.+)$/
const MAX_REASON = 160

/**
 * What an error says, without its stack: the names of methods on the stack are not causes. The first line, then the types and messages
 * of its exceptions.
 */
export function withoutStack(text: string): string {
  const [first = '', ...rest] = text.split('\n')
  const kept = rest.filter((line) => line.includes('--->') || !STACK.test(line))
  return [first.replaceAll(LOGGED_BY, ''), ...kept].join('\n')
}

/** Type and message of the innermost exception, `InvalidOperationException: there is no node`; '' if there is none. */
export function exceptionIn(text: string): string {
  const found = withoutStack(text)
    .split('\n')
    .map((line) => EXCEPTION.exec(line))
    .findLast((match) => match !== null)
  if (found == null) return ''
  const [, type = '', message = ''] = found
  return `${type.slice(type.lastIndexOf('.') + 1)}: ${message.trim()}`.slice(0, MAX_REASON)
}

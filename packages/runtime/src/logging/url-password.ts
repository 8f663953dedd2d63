/**
 * Passwords of URLs anywhere in a text: `amqp://relay:hunter2@mq` becomes `amqp://relay:[REDACTED]@mq`. People forget to encode a
 * slash or an @ in a password, so it reaches as far as the last @ of the text without a space; a port with a path behind it is none.
 */
export function withoutUrlPasswords(text: string, instead: string): string {
  return text.replaceAll(
    /:\/\/([^/\s:@"']*):(?!\d{1,5}[/?#])[^\s"']+@/g,
    (_whole, user: string) => `://${user}:${instead}@`,
  )
}

/**
 * Replaces passwords of URLs in a text: `amqp://relay:hunter2@mq` becomes `amqp://relay:[REDACTED]@mq`. A password may contain
 * a slash or an @ that is not encoded, so it extends to the last @ before a space. A port with a path after it is not a password.
 */
export function withoutUrlPasswords(text: string, instead: string): string {
  return text.replaceAll(
    /:\/\/([^/\s:@"']*):(?!\d{1,5}[/?#])[^\s"']+@/g,
    (_whole, user: string) => `://${user}:${instead}@`,
  )
}

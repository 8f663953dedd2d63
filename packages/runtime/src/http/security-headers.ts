/**
 * For every response of a server without pages. A browser that is sent here by another site neither guesses the type of
 * a response, nor keeps it, nor runs anything in it.
 */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const

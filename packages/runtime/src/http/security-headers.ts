/**
 * For every response of a server without pages. They prevent a browser that another site sends here from guessing the type
 * of a response, from keeping it and from running anything in it.
 */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const

import type { FastifyReply } from 'fastify'

export function hasDisconnected(reply: FastifyReply): boolean {
  return reply.raw.destroyed || reply.raw.socket?.destroyed === true
}

/** A signal that aborts when the client disconnects or `stop` aborts. Dispose it once the request is answered. */
export function watchForDisconnect(
  reply: FastifyReply,
  stop?: AbortSignal,
): Disposable & { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  // `close` is also emitted after a complete response; by then the signal is unused.
  reply.raw.once('close', abort)
  stop?.addEventListener('abort', abort, { once: true })
  if (hasDisconnected(reply)) abort()
  return {
    signal: controller.signal,
    abort,
    [Symbol.dispose]() {
      reply.raw.off('close', abort)
      stop?.removeEventListener('abort', abort)
    },
  }
}

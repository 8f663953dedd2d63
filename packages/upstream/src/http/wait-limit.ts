import type { FastifyReply } from 'fastify'
import type { WaitLimit } from '../questions/questions.ts'

/** Ends after `seconds`, or when the client disconnects, or when the upstream stops. */
export function waitLimit(seconds: number, reply: FastifyReply, stopping: AbortSignal): WaitLimit {
  const ended = new AbortController()
  const end = () => ended.abort()
  stopping.addEventListener('abort', end, { once: true })
  if (stopping.aborted) end()
  reply.raw.once('close', () => {
    stopping.removeEventListener('abort', end)
    end()
  })
  return { waitMs: seconds * 1000, signal: ended.signal }
}

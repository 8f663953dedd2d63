import type { FastifyReply } from 'fastify'
import type { WaitLimit } from '../questions/questions.ts'

/** Waiting for at most `seconds`, and not a moment longer than the client or the server is there. */
export function waitLimit(seconds: number, reply: FastifyReply, stopping: AbortSignal): WaitLimit {
  const over = new AbortController()
  const end = () => over.abort()
  stopping.addEventListener('abort', end, { once: true })
  if (stopping.aborted) end()
  reply.raw.once('close', () => {
    stopping.removeEventListener('abort', end)
    end()
  })
  return { waitMs: seconds * 1000, signal: over.signal }
}

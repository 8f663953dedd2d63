import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that operating systems give to outgoing connections and to servers that ask for any port: one of those
// can be taken before the caller listens on it.
const FIRST_PORT = 12_000
const LAST_PORT = 31_999
const MAX_ATTEMPTS = 100

/** A free TCP port of 127.0.0.1. Chosen at random, so that tests which run at the same time get different ones. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1))
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${FIRST_PORT} to ${LAST_PORT} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  await new Promise((resolve) => server.close(resolve))
  return true
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const resultSchema = z.object({
  non2xx: z.number(),
  errors: z.number(),
  requests: z.object({ total: z.number(), average: z.number() }),
  latency: z.object({ p50: z.number(), p99: z.number() }),
})

export type LoadResult = z.infer<typeof resultSchema>

export interface Load {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
}

/** Sends requests with autocannon, in its own process: it must not share an event loop with the program that measures. */
export async function runLoad({ url, headers, connections, seconds }: Load): Promise<LoadResult> {
  const program = fileURLToPath(import.meta.resolve('autocannon'))
  const given = Object.entries(headers)
    .filter(([name]) => name !== 'Connection')
    .flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = [program, '-j', '-n', '-c', `${connections}`, '-d', `${seconds}`, ...given, url]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(child, 'close')
  const result = resultSchema.parse(JSON.parse(text))
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} requests were rejected and ${result.errors} failed`)
  }
  return result
}

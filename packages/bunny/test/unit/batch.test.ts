import { Readable } from 'node:stream'
import { ProgramError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { readBatch, type BatchLine } from '../../src/cli/batch.ts'

async function linesOf(text: string): Promise<BatchLine[]> {
  return Array.fromAsync(readBatch('-', Readable.from([text])))
}

async function* endless(): AsyncGenerator<string> {
  yield '{"query":1}\n{"que'
  await new Promise(() => {})
}

describe('batch of questions', () => {
  it('reads a query and its modifiers from each line', async () => {
    const lines = await linesOf(
      '{"query":{"uuid":"a"},"modifiers":[]}\n{"query":{"uuid":"b"}}\r\n\n{"query":1,"modifiers":null}',
    )
    expect(lines).toEqual([
      { number: 1, query: { uuid: 'a' }, modifiers: [] },
      { number: 2, query: { uuid: 'b' } },
      { number: 4, query: 1 },
    ])
  })

  it('puts a problem in the place of a line that cannot be read', async () => {
    const lines = await linesOf('{"query":{}}\nnot json\n[]\n{"quary":{}}\n{"query":{}}\n')
    expect(lines.map((line) => ('problem' in line ? line.problem : 'ok'))).toEqual([
      'ok',
      expect.stringContaining('not JSON'),
      'expected an object with the member "query"',
      'expected an object with the member "query"',
      'ok',
    ])
  })

  it('leaves U+2028 where it is, and characters whole that arrive in halves', async () => {
    const text = Buffer.from('{"query":"a\u2028ü"}\n{"query":2}')
    const halves = Array.from({ length: text.length }, (_, at) => text.subarray(at, at + 1))
    const lines = await Array.fromAsync(readBatch('-', Readable.from(halves)))
    expect(lines).toEqual([
      { number: 1, query: 'a\u2028ü' },
      { number: 2, query: 2 },
    ])
  })

  it('refuses a line that is too long, holds no more of it than that, and reads on', async () => {
    const piece = Buffer.alloc(1_000_000, 'x')
    const stdin = Readable.from([...Array.from({ length: 100 }, () => piece), '\n{"query":2}\n'])
    expect(await Array.fromAsync(readBatch('-', stdin))).toEqual([
      { number: 1, problem: 'longer than 10 MB' },
      { number: 2, query: 2 },
    ])
  })

  it('answers each line as it comes, also where no end ever does', async () => {
    const batch = readBatch('-', Readable.from(endless()))
    expect((await batch.next()).value).toEqual({ number: 1, query: 1 })
    await batch.return(undefined)
  })

  it('says which file is not there', async () => {
    const reading = Array.fromAsync(readBatch('/no/such/file.jsonl', Readable.from([])))
    await expect(reading).rejects.toThrow(ProgramError)
    await expect(
      Array.fromAsync(readBatch('/no/such/file.jsonl', Readable.from([]))),
    ).rejects.toThrow('/no/such/file.jsonl')
  })
})

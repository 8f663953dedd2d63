import { Readable } from 'node:stream'
import { ProgramError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { readBatch, type BatchLine } from '../../src/cli/batch.ts'

async function readLines(text: string): Promise<BatchLine[]> {
  return Array.fromAsync(readBatch('-', Readable.from([text])))
}

async function* endless(): AsyncGenerator<string> {
  yield '{"query":1}\n{"que'
  await new Promise(() => {})
}

describe('batch of tasks', () => {
  it('reads a task and its modifiers from each line', async () => {
    const lines = await readLines(
      '{"query":{"uuid":"a"},"modifiers":[]}\n{"query":{"uuid":"b"}}\r\n\n{"query":1,"modifiers":null}',
    )
    expect(lines).toEqual([
      { number: 1, task: { uuid: 'a' }, modifiers: [] },
      { number: 2, task: { uuid: 'b' } },
      { number: 4, task: 1 },
    ])
  })

  it('yields a problem for each unreadable line', async () => {
    const lines = await readLines('{"query":{}}\nnot json\n[]\n{"quary":{}}\n{"query":{}}\n')
    expect(lines.map((line) => ('problem' in line ? line.problem : 'ok'))).toEqual([
      'ok',
      expect.stringContaining('not JSON'),
      'expected an object with the member "query"',
      'expected an object with the member "query"',
      'ok',
    ])
  })

  it('keeps U+2028, and characters that are split between chunks', async () => {
    const text = Buffer.from('{"query":"a\u2028ü"}\n{"query":2}')
    const bytes = Array.from({ length: text.length }, (_, at) => text.subarray(at, at + 1))
    const lines = await Array.fromAsync(readBatch('-', Readable.from(bytes)))
    expect(lines).toEqual([
      { number: 1, task: 'a\u2028ü' },
      { number: 2, task: 2 },
    ])
  })

  it('rejects a line that is too long without buffering it, and continues', async () => {
    const chunk = Buffer.alloc(1_000_000, 'x')
    const stdin = Readable.from([...Array.from({ length: 100 }, () => chunk), '\n{"query":2}\n'])
    expect(await Array.fromAsync(readBatch('-', stdin))).toEqual([
      { number: 1, problem: 'longer than 10 MB' },
      { number: 2, task: 2 },
    ])
  })

  it('yields each line when it arrives, even if the input never ends', async () => {
    const batch = readBatch('-', Readable.from(endless()))
    expect((await batch.next()).value).toEqual({ number: 1, task: 1 })
    await batch.return(undefined)
  })

  it('names a file that does not exist', async () => {
    const reading = Array.fromAsync(readBatch('/no/such/file.jsonl', Readable.from([])))
    await expect(reading).rejects.toThrow(ProgramError)
    await expect(
      Array.fromAsync(readBatch('/no/such/file.jsonl', Readable.from([]))),
    ).rejects.toThrow('/no/such/file.jsonl')
  })
})

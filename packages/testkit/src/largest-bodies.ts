/** A result of nearly `bytes`, in a shape that is expensive for a careless receiver. */
export interface LargestBody {
  readonly name: string
  /** Whether it is a result. If not, the receiver rejects it with 400. */
  readonly isLegal: boolean
  readonly build: (bytes: number) => Buffer
}

const fill = (unit: string, bytes: number) =>
  unit.repeat(Math.max(0, Math.floor(bytes / Buffer.byteLength(unit))))
const result = (files: string) => `{"status":"ok","queryResult":{"count":40,"files":[${files}]}}`
const file = (data: string) => `{"file_name":"a","file_data":"${data}"}`
// For the text around the filling.
const MARGIN = 2_000

function legal(name: string, build: (bytes: number) => string): LargestBody {
  return { name, isLegal: true, build: (bytes) => Buffer.from(build(bytes - MARGIN)) }
}

function hostile(name: string, build: (bytes: number) => string): LargestBody {
  return { name, isLegal: false, build: (bytes) => Buffer.from(build(bytes - MARGIN)) }
}

/** Every shape that a body can have, legal and hostile. */
export const LARGEST_BODIES: readonly LargestBody[] = [
  legal('one file', (bytes) => result(file(fill('A', bytes)))),
  legal('one file of escaped characters', (bytes) => result(file(fill(String.raw`\n`, bytes)))),
  legal('one file of escaped quotes', (bytes) => result(file(fill(String.raw`\"`, bytes)))),
  legal('one file of escaped Unicode', (bytes) => result(file(fill(String.raw`\u00e9`, bytes)))),
  legal('one file in two-byte characters', (bytes) => result(file(fill('é', bytes)))),
  legal('one file in three-byte characters', (bytes) => result(file(fill('漢', bytes)))),
  legal('one file with one emoji', (bytes) => result(file(`😀${fill('A', bytes)}`))),
  legal('a thousand files', (bytes) =>
    result(Array.from({ length: 1_000 }, () => file(fill('A', bytes / 1_000 - 50))).join()),
  ),
  legal('whitespace', (bytes) => fill(' ', bytes) + result('')),
  legal('one unknown member', (bytes) => result('').replace('{', `{"${fill('x', bytes)}":1,`)),
  legal('one message', (bytes) => result('').replace('{', `{"message":"${fill('x', bytes)}",`)),
  hostile('numbers', (bytes) => result(`${fill('0,', bytes)}0`)),
  hostile('empty objects', (bytes) => result(`${fill('{},', bytes)}{}`)),
  hostile('empty strings', (bytes) => result(`${fill('"",', bytes)}""`)),
  hostile('nested arrays', (bytes) => fill('[', bytes)),
  hostile('nested objects', (bytes) => fill('{"a":', bytes)),
  hostile('members', (bytes) => `{${fill('"a":1,', bytes)}"a":1}`),
  hostile('one string', (bytes) => `"${fill('A', bytes)}"`),
  hostile('digits', (bytes) => fill('9', bytes)),
  hostile('quotes', (bytes) => fill('"', bytes)),
]

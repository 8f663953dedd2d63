import * as fc from 'fast-check'

/** What a fuzzed API knows, so that some requests get far. */
export interface FuzzTarget {
  /** Paths with placeholders, such as `/task/{uuid}/{collection}`. */
  readonly paths: readonly string[]
  /** Values for the placeholders: those of the client, and those of others. */
  readonly values: readonly string[]
  /** Authorization headers: valid, of others, and wrong. */
  readonly credentials: readonly string[]
  /** Bodies that the API accepts. */
  readonly bodies: readonly string[]
}

const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'DELETE', 'TRACE', 'PATCH', 'get', 'BREW']
const NASTY = [
  '%00',
  '\0',
  '%',
  '%zz',
  '%2e%2e',
  '..',
  '/',
  '//',
  '%2f',
  '\\',
  '%C0%80',
  'é',
  '{',
  ';',
]
const JSON_TYPE = 'application/json'
const TYPES = ['text/json; charset=utf-16', 'text/plain', 'multipart/x', '', '\0']

const base64 = (text: string) => Buffer.from(text).toString('base64')
const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ maxLength: 30 }),
  fc.string({ maxLength: 30, unit: 'binary' }),
)

function pathOf({ paths, values }: FuzzTarget): fc.Arbitrary<string> {
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: nasty },
    { weight: 1, arbitrary: fc.uuid() },
  )
  const filled = fc
    .tuple(fc.constantFrom(...paths), fc.array(value, { minLength: 4, maxLength: 4 }))
    .map(([path, chosen]) => {
      let next = 0
      return path.replaceAll(/\{\w+\}/g, () => chosen[next++] ?? '')
    })
  const mutated = fc
    .tuple(filled, nasty, fc.nat())
    .map(
      ([path, text, at]) => path.slice(0, at % path.length) + text + path.slice(at % path.length),
    )
  const long = fc.integer({ min: 1, max: 20_000 }).map((length) => `/${'x'.repeat(length)}`)
  return fc.oneof(
    { weight: 14, arbitrary: filled },
    { weight: 3, arbitrary: mutated },
    { weight: 1, arbitrary: long },
    { weight: 1, arbitrary: nasty.map((text) => `/${text}`) },
  )
}

function headersOf({ credentials }: FuzzTarget): fc.Arbitrary<string[]> {
  const login = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...credentials) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        `Basic ${base64('a\0b:password')}`,
        `Basic ${base64('\uD800:x')}`,
        `Basic ${base64(`${'u'.repeat(5_000)}:x`)}`,
        `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0x00]).toString('base64')}`,
        'Basic ====',
        'Basic',
        'Bearer x',
        '\0',
      ),
    },
    { weight: 1, arbitrary: nasty },
  )
  const other = fc.oneof(
    fc.constantFrom(
      'Prefer: wait=1',
      'Prefer: wait=-1',
      'Prefer: wait=99999999999999999999',
      'Expect: 100-continue',
      'Expect: tea',
      'Connection: upgrade\r\nUpgrade: websocket',
      'Connection: close',
      'Content-Encoding: gzip',
      'X-Forwarded-For: 127.0.0.1, garbage, ::1',
      'Forwarded: for=127.0.0.1',
      'X-Request-Id: \u0007forged',
      'Host: other',
      'Cookie: a=b',
      'Range: bytes=0-1',
      `X-Large: ${'x'.repeat(20_000)}`,
      'broken',
      ': empty',
      ' folded: x',
    ),
    fc
      .tuple(fc.constantFrom('X-Worker-Id', 'User-Agent', 'Accept', 'Prefer'), nasty)
      .map(([name, text]) => `${name}: ${text}`),
  )
  return fc
    .tuple(
      fc.option(login, { freq: 6 }),
      fc.option(
        fc.oneof({ weight: 5, arbitrary: fc.constant(JSON_TYPE) }, fc.constantFrom(...TYPES)),
        { freq: 4 },
      ),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(other, { maxLength: 3 })),
      fc.integer({ max: 9, min: 0 }),
    )
    .map(([authorization, type, others, twice]) => [
      ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
      ...(authorization !== null && twice === 9 ? [`authorization: ${authorization}`] : []),
      ...(type === null ? [] : [`Content-Type: ${type}`]),
      ...others,
    ])
}

/** The headers that announce a body, with the bytes that follow. */
function bodyOf({ bodies }: FuzzTarget): fc.Arbitrary<{ headers: string[]; bytes: Buffer }> {
  const text = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...bodies) },
    { weight: 2, arbitrary: fc.json() },
    {
      weight: 2,
      arbitrary: fc.constantFrom('', '{', '['.repeat(5_000), `[${'0,'.repeat(20_000)}0]`, '"\\u"'),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...bodies), fc.nat())
        .map(([body, cut]) => body.slice(0, cut % body.length)),
    },
  )
  const bytes = fc.oneof(
    { weight: 5, arbitrary: text.map((body) => Buffer.from(body)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((body) => Buffer.from(body)) },
  )
  const sized = bytes.map((body) => ({ headers: [`Content-Length: ${body.length}`], bytes: body }))
  const missized = fc
    .tuple(
      bytes,
      fc.constantFrom('0', '-1', '1e3', '99999999', '18446744073709551616', 'x', '3, 4'),
    )
    .map(([body, length]) => ({ headers: [`Content-Length: ${length}`], bytes: body }))
  const chunked = bytes.map((body) => ({
    headers: ['Transfer-Encoding: chunked'],
    bytes: Buffer.concat([
      Buffer.from(`${body.length.toString(16)}\r\n`),
      body,
      Buffer.from('\r\n0\r\n\r\n'),
    ]),
  }))
  const misChunked = fc
    .tuple(bytes, fc.constantFrom('zz\r\n', 'ffffffffffffffff\r\n', '-1\r\n', '1;x=y\r\n', '\r\n'))
    .map(([body, size]) => ({
      headers: ['Transfer-Encoding: chunked', 'Content-Length: 5'].slice(0, 1 + (body.length % 2)),
      bytes: Buffer.concat([Buffer.from(size), body]),
    }))
  return fc.oneof(
    { weight: 6, arbitrary: sized },
    { weight: 1, arbitrary: missized },
    { weight: 2, arbitrary: chunked },
    { weight: 1, arbitrary: misChunked },
  )
}

/** The bytes of a request: mostly well-formed, with faults in any part. */
export function fuzzRequest(target: FuzzTarget): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('GET', 'POST') },
        fc.constantFrom(...METHODS),
      ),
      pathOf(target),
      headersOf(target),
      fc.option(bodyOf(target), { freq: 2 }),
      fc.oneof(
        { weight: 20, arbitrary: fc.constant('HTTP/1.1') },
        fc.constantFrom('HTTP/1.0', 'HTTP/3', ''),
      ),
    )
    .map(([method, path, headers, body, version]) => {
      const lines = [
        `${method} ${path} ${version}`,
        'Host: fuzz',
        ...headers,
        ...(body?.headers ?? []),
      ]
      return Buffer.concat([
        Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
        body?.bytes ?? Buffer.alloc(0),
      ])
    })
}

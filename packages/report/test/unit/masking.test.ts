import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Masker } from '../../src/document/masking.ts'

const COLLECTION = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'
const BASIC = 'c2l0ZS1hOnBhc3N3b3Jk'
const mask = (text: string, known: string[] = []): string => new Masker(known).text(text)

describe('masking', () => {
  it.each([
    [`HTTP GET /link_connector_api/task/nextjob/${COLLECTION} responded 204`, COLLECTION],
    [`GET https://h:443/api/v1/task/nextjob/RQ-CC-123.a HTTP/1.1`, 'RQ-CC-123'],
    [`url=https%3A%2F%2Fh%2Ftask%2Fnextjob%2FRQ-CC-123`, 'RQ-CC-123'],
    [`Failed to post to task/result/0b7c/${COLLECTION} at 1758869940.1.`, COLLECTION],
    [`collectionId '${COLLECTION}' is not valid for clientId 'site-b'.`, COLLECTION],
    [`{"collection":"RQ-CC-9","taskId":"t"}`, 'RQ-CC-9'],
    [String.raw`{"log":"{\"collection\":\"RQ-CC-9\"}"}`, 'RQ-CC-9'],
    [`COLLECTION_ID=RQ-CC-42`, 'RQ-CC-42'],
    [`?collection=RQ-CC-42&x=1`, 'RQ-CC-42'],
    [`no queue for collection ${COLLECTION}`, COLLECTION],
    [`Authorization: Basic ${BASIC}`, BASIC],
    [`proxy-authorization=Basic%20${BASIC}`, BASIC],
    [`authorization: [ 'Basic ${BASIC}' ]`, BASIC],
    ['Authorization: Digest username="a", nonce="n", response="6629fae49393a053"', '6629fae4'],
    ["{'Authorization': 'Bearer abc.def.ghi'}", 'abc.def.ghi'],
    [`could not decode ${BASIC}`, BASIC],
    [`GET /login/${BASIC}`, BASIC],
    [`header-${BASIC}`, BASIC],
    [`utf8 ${Buffer.from('site-a:pässwörd').toString('base64')}`, 'OnDDpHNz'],
    ['amqp://relay:hunter2@rabbit:5672/', 'hunter2'],
    ['amqps://relay:hun/t@r2@rabbit:5672/', 'hun/t@r2'],
    ['postgres://relay:p%40ss@db/relay', 'p%40ss'],
    ['https://0123456789abcdef@git.example.org/x', '0123456789abcdef'],
    ['redirect=amqp%3A%2F%2Frelay%3Ahunter2%40rabbit', 'hunter2'],
    ['jdbc:oracle:thin:scott/tiger@db:1521', 'tiger'],
    ['jdbc:sqlserver://db:1433;user=sa;password=P@ss;encrypt=true', 'ss;'],
    ['jdbc:postgresql://db/x?user=a&password=hunter2&ssl=1', 'hunter2'],
    ['Host=db;Username=relay;Password=hunter2;Database=x', 'hunter2'],
    ['Server=db;Uid=sa;Pwd={hun;ter2};', 'ter2'],
    ["Password='hun;ter2';Database=x", 'ter2'],
    ['host=db password=hunter2 user=x', 'hunter2'],
    ['AccountName=x;AccountKey=abc123==;', 'abc123'],
    ['TASK_API_PASSWORD: "hunter two"', 'hunter two'],
    ['TASK_API_PASSWORD=hun,ter;2&x', 'ter;2'],
    ['RABBITMQ_DEFAULT_PASS=hunter2', 'hunter2'],
    ['["PASSWORD=hunter2","PATH=/bin"]', 'hunter2'],
    ['{"password":"hunter2","user":"x"}', 'hunter2'],
    [String.raw`{"password":"hun\"ter2","user":"x"}`, 'ter2'],
    [String.raw`{"log":"{\"password\":\"hunter2\",\"user\":\"x\"}"}`, 'hunter2'],
    ["{'password': 'hunter2', 'user': 'x'}", 'hunter2'],
    ['"password"=>"hunter2"', 'hunter2'],
    ['{default_pass,<<"hunter2">>}', 'hunter2'],
    ['<Password>hunter2</Password>', 'hunter2'],
    ["ALTER USER relay WITH PASSWORD 'hunter2'", 'hunter2'],
    ["auth=('site-a', 'hunter2')", 'hunter2'],
    ['bunny --password hunter2 --verbose', 'hunter2'],
    ['curl -u site-a:hunter2 https://h', 'hunter2'],
    ['password: hunter2', 'hunter2'],
    ['password: hunter', 'hunter'],
    ['credentials: site-a:hunter2', 'hunter2'],
    ['token=abc123def', 'abc123def'],
    ['/x?access_token=abc123def&y=1', 'abc123def'],
    ['/x?sig=abc%2Fdef&y=1', 'abc%2Fdef'],
    ['X-Amz-Signature=deadbeef', 'deadbeef'],
    ['Set-Cookie: session=abcdef', 'abcdef'],
    ['{"cookie":"session=abcdef; b=c"}', 'abcdef'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'eyJhbGciOiJIUzI1NiJ9'],
    ['id_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'eyJzdWIiOiIxIn0'],
    ['pushed with ghp_0123456789abcdefghijABCDEF', 'ghp_0123'],
    ['-----BEGIN PRIVATE KEY----- MIIEvQIBADANBg', 'MIIEvQIBADANBg'],
    [
      'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
      'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
    ],
    ['hash $2b$12$R9h/cIPz0gi.URNNX3kh2OPST9', 'R9h/cIPz0gi'],
    ["[Parameters=[@p0='42', @__name='Smith']", 'Smith'],
    ["[Parameters=[@p0='O''Brien']", 'Brien'],
    ["DETAIL:  parameters: $1 = 'Smith', $2 = NULL", 'Smith'],
    ["[parameters: {'name': 'Smith'}]", 'Smith'],
    ['DETAIL:  Key (nhs_number)=(9434765919) already exists.', '9434765919'],
    ['DETAIL: Key (a, b)=(O(1), Smith) is still referenced from table "x"', 'Smith'],
    ['DETAIL:  Failing row contains (17, 8507, 1974, Smith, null).', '1974'],
    ['invalid input syntax for type integer: "Smith, John"', 'Smith'],
    ['date/time field value out of range: "1974-02-31"', '1974'],
    ["psycopg2.errors.UniqueViolation: (b'Key (mrn)=(A-17)')", 'A-17'],
    ["SELECT * FROM person WHERE person_source_value = 'A17' LIMIT 1", 'A17'],
    ["INSERT INTO person VALUES (17, 'Smith', 1974)", 'Smith'],
    ["where city in ('Leeds', 'York')", 'Leeds'],
    ['person_id=4711 not found', '4711'],
    ['no row for patient 4711, patient id: 4712', '4712'],
    ['"nhs_number": "943 476 5919"', '5919'],
    ['NHS 943 476 5919 is invalid', '5919'],
    ['date of birth: 1974-12-06', '1974'],
    ['surname is Smith', 'Smith'],
    ['duplicate of patient 4711', '4711'],
    ['written to jane.smith@example.org', 'jane.smith'],
    ['the password is hunter2', 'hunter2'],
    ['pass: hunter2', 'hunter2'],
    ['pw=hunter2', 'hunter2'],
    ['passphrase hunter2', 'hunter2'],
    ['Passwort: hunter2', 'hunter2'],
    ['Das Passwort ist hunter2', 'hunter2'],
    ['session=3fe8a1', '3fe8a1'],
    ['sk-0123456789abcdefghijABCDEF', 'sk-0123'],
    ['npm_0123456789abcdefghijABCDEF', 'npm_0123'],
    ['ya29.a0AfH6SMBx0123456789abcdef', 'a0AfH6'],
    ['rabbitmqctl change_password relay hunter2', 'hunter2'],
    ["rabbitmqctl add_user 'relay' 'hunter2'", 'hunter2'],
    ['connecting as scott/tiger@orcl', 'tiger'],
    ['connecting to relay:hunter2@rabbit', 'hunter2'],
    ['cookie hash      : bPZCgmX6fTJzQ5iMTIK6Vg==', 'bPZCgmX6'],
  ])('%s', (text, secret) => {
    expect(mask(text)).not.toContain(secret)
  })

  it.each([
    '[07:56:25 WRN] Invalid password for client: site-b',
    "PLAIN login refused: user 'relay' - invalid credentials",
    '[07:56:22 INF] Basic was not authenticated. Failure message: Missing Authorization Header',
    '[07:56:30 INF] Task retrieved: (AvailabilityJob) 0b7c0000-0000-4000-8000-00000000000a',
    'INFO - 26-Sep-25 07:57:01 - Task received. Resolving...',
    'HTTP GET /healthz responded 200 in 3.1201 ms',
    'Invalid credentials: user site-x is not known to the relay',
    'Check the credentials: they were rejected three times',
    'Bad credentials: access denied for site-b',
    'Login failed, wrong password: user locked for 5 minutes',
    'Unexpected token: expected a number after the comma',
    'Basic authentication failed for site-b',
    'The basic settings were read',
    'Authorization: denied by the proxy',
    'password: None',
    'TASK_API_PASSWORD=',
    '{"password":null,"token":"[REDACTED]"}',
    'password authentication failed for user "relay"',
    'GET https://relay.example.org:443/healthz HTTP/1.1',
    'the collection of site-b has 3 members, collection: 3',
    'secret: not found in namespace relay',
    'password is wrong',
    'Invalid password is not accepted',
    'the person table has no rows',
    'table person: 3 columns',
    'column "person_id" does not exist',
    'node rabbit@relay-0 is up',
    'Failed to post result at 1758869940.1.',
    'pass 3 of 5',
    'passphrase required',
    'session closed after 30 s',
    'Root=1-68d63720-000000000000000000008c24 arn:aws:acm:eu-west-2:123456789012:certificate/12345678',
  ])('does not mask: %s', (text) => {
    expect(mask(text)).toBe(text)
  })

  it('keeps the text around a secret readable', () => {
    expect(mask('Host=db;Username=relay;Password=hunter2;Database=x')).toBe(
      'Host=db;Username=relay;Password=‹secret›;Database=x',
    )
    expect(mask('{"password":"hunter2","user":"x"}')).toBe('{"password":"‹secret›","user":"x"}')
    expect(mask('amqp://relay:hunter2@rabbit:5672/')).toBe('amqp://‹secret›@rabbit:5672/')
    expect(mask(`Authorization: Basic ${BASIC} for site-a`)).toBe(
      'Authorization: ‹secret› for site-a',
    )
    expect(mask("[Parameters=[@p0='42', @q='?']")).toBe("[Parameters=[@p0='?', @q='?']")
    expect(mask(`GET /task/nextjob/${COLLECTION}?x=1`)).toBe('GET /task/nextjob/‹collection›?x=1')
  })

  it('does not change masked text', () => {
    for (const text of [
      `Authorization: Basic ${BASIC}`,
      'Password=hunter2;Database=x',
      `/task/nextjob/${COLLECTION} failed`,
      "[Parameters=[@p0='42']",
    ]) {
      expect(mask(mask(text))).toBe(mask(text))
    }
  })

  it('masks a known collection ID in any spelling, even if it is cut off', () => {
    const masker = new Masker([COLLECTION])
    for (const spelling of [
      COLLECTION,
      COLLECTION.toUpperCase(),
      COLLECTION.replaceAll('-', ''),
      COLLECTION.replaceAll('-', '%2d'),
      COLLECTION.replaceAll('-', '_'),
    ]) {
      expect(masker.text(`queue ${spelling} declared`)).toBe('queue ‹collection› declared')
    }
    expect(masker.text(`queue ${COLLECTION.slice(0, 20)}…`)).toBe('queue ‹collection›…')
    expect(mask(`queue ${COLLECTION}`, [COLLECTION.replaceAll('-', '')])).toBe('queue ‹collection›')
  })

  it('masks in file names and labels what a line calls a collection ID', () => {
    const document = {
      file: `logs/${COLLECTION.toUpperCase()}.log`,
      pod: 'bunny-rq-cc-42-x2k4q',
      lines: [`GET /task/nextjob/${COLLECTION}`, 'COLLECTION_ID=RQ-CC-42'],
    }
    expect(new Masker([], document).deep(document)).toEqual({
      file: 'logs/‹collection›.log',
      pod: 'bunny-‹collection›-x2k4q',
      lines: ['GET /task/nextjob/‹collection›', 'COLLECTION_ID=‹collection›'],
    })
  })

  it('masks the longest line without excessive backtracking', () => {
    const longest = 64 * 1024
    const started = performance.now()
    for (const part of ['a://b:', 'a.', 'password', 'token=', '[parameters: ', ' --a-', ',a b']) {
      const text = part.repeat(longest / part.length)
      expect(mask(text, [COLLECTION]).length).toBeGreaterThan(0)
    }
    expect(mask('\\'.repeat(longest)).length).toBe(longest)
    // Takes a few hundred milliseconds; a pattern that backtracks takes minutes.
    expect(performance.now() - started).toBeLessThan(10_000)
  }, 60_000)

  it('masks any password', () => {
    const secret = fc.stringMatching(
      /^[A-Za-z0-9!$%*+./_-][A-Za-z0-9!$%*+./_;,:@#?&~^()[\]{}|-]{6,24}$/,
    )
    fc.assert(
      fc.property(secret, (password) => {
        const basic = Buffer.from(`site-a:${password}`).toString('base64')
        for (const text of [
          `Authorization: Basic ${basic}`,
          `header was ${basic}`,
          `"password": "${password}"`,
          `PASSWORD=${password}`,
          `amqp://site-a:${password}@relay`,
        ]) {
          const masked = mask(text)
          expect(masked).not.toContain(basic)
          // A password may equal a part of the surrounding words.
          expect(masked.replaceAll(/password|amqp|relay|secret|header|site-a/gi, '')).not.toContain(
            password,
          )
        }
      }),
    )
  })
})

describe('many known ids', () => {
  const ids = Array.from({ length: 2_000 }, (_, n) => `6f1e2c1e-5a0b-4a43-9a53-${n + 0x1000}`)

  it('are all masked, in every spelling, within other text', () => {
    const masker = new Masker(ids)
    for (const id of [ids[0] ?? '', ids[777] ?? '', ids[1_999] ?? ''])
      for (const spelling of [
        id,
        id.toUpperCase(),
        id.replaceAll('-', ''),
        id.replaceAll('-', '%2D'),
      ])
        expect(masker.text(`queue ${spelling} is empty`)).toBe('queue ‹collection› is empty')
    expect(masker.text('queue 6f1e2c1e-5a0b-4a43 is empty')).toBe(
      'queue 6f1e2c1e-5a0b-4a43 is empty',
    )
  })

  it('are masked completely if one is a prefix of another', () => {
    const masker = new Masker(['cohort-1', 'cohort-12', 'cohort-1-north'])
    expect(masker.text('of cohort-12 now')).toBe('of ‹collection› now')
    expect(masker.text('of cohort-1-north now')).toBe('of ‹collection› now')
    expect(masker.text('of cohort-1 now')).toBe('of ‹collection› now')
    expect(masker.text('the line ends in cohor…')).toBe('the line ends in ‹collection›…')
  })

  it('replaces characters that could hide or reverse a part of a text', () => {
    expect(mask('a\u009b31mb\u202ec\u2066d\u200be\u0007f\tg')).toBe(
      'a\ufffd31mb\ufffdc\ufffdd\ufffde\ufffdf\tg',
    )
  })

  it.each([
    'auth=(',
    "= 'a",
    'Key (a',
    'password is ',
    'a:b',
    'person ',
    '1-2 ',
    'x.y@',
    'a://b:',
    'token=',
    '[parameters: ',
    'where ',
    'cookie=',
    'Failing row contains (',
    'invalid ',
    String.raw`\"`,
  ])('takes time in proportion to the length of a line: %s', (piece) => {
    const milliseconds = (length: number): number => {
      const text = piece.repeat(length / piece.length)
      const before = process.cpuUsage()
      mask(text)
      return process.cpuUsage(before).user / 1_000
    }
    milliseconds(8_000)
    // Four times the text, and time for a garbage collection; quadratic time would be 16 times as much.
    expect(milliseconds(32_000)).toBeLessThan(10 * Math.max(milliseconds(8_000), 20))
  })
})

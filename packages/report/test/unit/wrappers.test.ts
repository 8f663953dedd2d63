import { describe, expect, it } from 'vitest'
import { LineView } from '../../src/read/line-view.ts'
import { recognise } from '../../src/read/recognise.ts'
import type { Wrapper } from '../../src/read/wrappers/wrapper.ts'
import { reportOf } from '../fixtures/report-of.ts'

const TIME = Date.UTC(2025, 8, 26, 6, 56, 21, 123)
const LINE = 'DEBUG - 26-Sep-25 07:56:21 - Response Status: 204'

/** The rest of a line, and the labels from its wrapper. */
function unwrapped(wrapper: Wrapper, text: string) {
  const view = new LineView()
  view.buf = Buffer.from(text)
  view.end = view.buf.length
  view.line = 2
  if (!wrapper.unwrap(view)) return undefined
  return {
    text: view.buf.toString('utf8', view.start, view.end),
    time: Number.isNaN(view.wrapperTime) ? null : Math.floor(view.wrapperTime),
    partial: view.partial,
    labels: view.origin === 0 ? {} : wrapper.labels(view.origin),
  }
}

/** Recognises a file of many such lines and unwraps one of them. */
function recognised(text: string) {
  const { makeWrapper, layout } = recognise(Buffer.from(`${text}\n`.repeat(10)))
  const wrapper = makeWrapper()
  const result = unwrapped(wrapper, text)
  return { name: wrapper.name, layout, ...result }
}

describe('wrappers', () => {
  it('leaves raw lines of every format unchanged', () => {
    const raw = [
      LINE,
      '[07:56:21 INF] Credentials validated for Client: site-a',
      '2026-11-22 06:52:57.352983+00:00 [info] <0.725.0> accepting AMQP connection <0.725.0> (127.0.0.1:60700 -> 127.0.0.1:5672)',
      '{"level":30,"time":1758869781123,"component":"relay","msg":"relay started"}',
      '2025-09-26 06:56:21.123 UTC [42] LOG:  duration: 1.2 ms',
    ]
    for (const text of raw)
      expect(recognised(text)).toMatchObject({ name: 'none', text, time: null })
  })

  it('reads kubectl with prefix and timestamps', () => {
    expect(
      recognised(`[pod/bunny-7d4f/bunny] 2025-09-26T06:56:21.123456789Z ${LINE}`),
    ).toMatchObject({
      name: 'kubectl (prefix, timestamps)',
      text: LINE,
      time: TIME,
      labels: { pod: 'bunny-7d4f', container: 'bunny' },
    })
  })

  it('reads timestamps alone, in UTC or with an offset', () => {
    expect(recognised(`2025-09-26T06:56:21.123456789Z ${LINE}`)).toMatchObject({
      text: LINE,
      time: TIME,
    })
    expect(recognised(`2025-09-26T07:56:21.123+01:00 ${LINE}`)).toMatchObject({
      text: LINE,
      time: TIME,
    })
  })

  it('reads CRI files with whole and partial lines', () => {
    expect(recognised(`2025-09-26T06:56:21.123456789Z stderr F ${LINE}`)).toMatchObject({
      name: 'CRI file',
      text: LINE,
      time: TIME,
      partial: false,
    })
    expect(recognised('2025-09-26T06:56:21.123456789Z stdout P DEBUG - 26-')).toMatchObject({
      text: 'DEBUG - 26-',
      partial: true,
    })
  })

  it('reads stern with and without namespace, as text and as JSON', () => {
    expect(recognised(`bunny-7d4f bunny ${LINE}`)).toMatchObject({
      name: 'stern',
      text: LINE,
      labels: { pod: 'bunny-7d4f', container: 'bunny' },
    })
    expect(recognised(`cohorts bunny-7d4f bunny ${LINE}`)).toMatchObject({
      text: LINE,
      labels: { namespace: 'cohorts', pod: 'bunny-7d4f', container: 'bunny' },
    })
    const json = JSON.stringify({
      message: LINE,
      nodeName: 'n1',
      namespace: 'cohorts',
      podName: 'bunny-7d4f',
      containerName: 'bunny',
    })
    expect(recognised(json)).toMatchObject({
      text: LINE,
      labels: { namespace: 'cohorts', pod: 'bunny-7d4f', container: 'bunny' },
    })
  })

  it('reads continuation lines of a known pod in stern output', () => {
    const { makeWrapper } = recognise(Buffer.from(`relay-0 relay [07:56:21 INF] a\n`.repeat(5)))
    const wrapper = makeWrapper()
    unwrapped(wrapper, 'relay-0 relay [07:56:21 INF] a')
    expect(unwrapped(wrapper, 'relay-0 relay SELECT a."Id" FROM x')).toMatchObject({
      text: 'SELECT a."Id" FROM x',
    })
    expect(unwrapped(wrapper, 'some other words')).toBeUndefined()
  })

  it('reads Docker json-file with escapes', () => {
    const text = 'ERROR - 26-Sep-25 07:56:21 - said "no" \\ tab\there é 🐇'
    const json = (log: string): string =>
      JSON.stringify({ log, stream: 'stderr', time: '2025-09-26T06:56:21.123456789Z' })
    expect(recognised(json(`${LINE}\n`))).toMatchObject({
      name: 'Docker json-file',
      text: LINE,
      time: TIME,
    })
    expect(recognised(json(`${text}\n`))).toMatchObject({ text, time: TIME, partial: false })
    const { makeWrapper } = recognise(Buffer.from(`${json(`${LINE}\n`)}\n`.repeat(3)))
    const wrapper = makeWrapper()
    unwrapped(wrapper, json(`${LINE}\n`))
    expect(unwrapped(wrapper, json('cut off'))).toMatchObject({ text: 'cut off', partial: true })
    const piece = 'x'.repeat(16 * 1024)
    expect(unwrapped(makeWrapper(), json(piece))).toMatchObject({ text: piece, partial: true })
  })

  it('reads Loki exports as lines, arrays and CSV, with times in any unit', () => {
    const labels = {
      cluster: 'site-a',
      namespace: 'cohorts',
      pod: 'bunny-7d4f',
      container: 'bunny',
    }
    const record = { labels, line: LINE, timestamp: '2025-09-26T06:56:21.123456789Z' }
    expect(recognised(JSON.stringify(record))).toMatchObject({
      name: 'Loki export (JSON)',
      text: LINE,
      time: TIME,
      labels,
    })
    const nanoseconds = { line: LINE, timestamp: `${TIME}000000`, fields: labels }
    expect(recognised(JSON.stringify(nanoseconds))).toMatchObject({
      text: LINE,
      time: TIME,
      labels,
    })
    expect(recognise(Buffer.from(JSON.stringify([record, record], null, 2))).layout).toBe(
      'json-array',
    )
    const { makeWrapper, layout } = recognise(
      Buffer.from(`timestamp,cluster,pod,line\n${TIME},site-a,bunny-7d4f,"said ""no"", twice"\n`),
    )
    expect(layout).toBe('csv')
    expect(
      unwrapped(makeWrapper(), `${TIME},site-a,bunny-7d4f,"said ""no"", twice"`),
    ).toMatchObject({
      text: 'said "no", twice',
      time: TIME,
      labels: { cluster: 'site-a', pod: 'bunny-7d4f' },
    })
  })

  it('does not join the lines of Fluent Bit, which have no line ends', async () => {
    const lines = Array.from({ length: 20 }, (_, n) =>
      JSON.stringify({
        log: `DEBUG - 26-Sep-25 06:56:${String(n).padStart(2, '0')} - Response Status: 204`,
        stream: 'stderr',
        time: `2025-09-26T06:56:${String(n).padStart(2, '0')}.1Z`,
        kubernetes: { pod_name: 'bunny-7d4f', namespace_name: 'cohorts' },
      }),
    )
    const report = await reportOf({ 'bunny.log': lines.join('\n') })
    expect(report.sources).toMatchObject([{ events: 20, unreadable: 0, role: 'client' }])
    expect(report.components).toContainEqual(
      expect.objectContaining({ pod: 'bunny-7d4f', namespace: 'cohorts' }),
    )
  })

  it.each([
    [
      'an Elasticsearch hit',
      {
        _index: 'logs',
        _source: {
          '@timestamp': '2025-09-26T06:56:21.123Z',
          message: LINE,
          kubernetes: { pod: { name: 'bunny-7d4f' }, namespace: 'cohorts' },
        },
      },
      { pod: 'bunny-7d4f', namespace: 'cohorts' },
    ],
    [
      'a CloudWatch event',
      { logStreamName: 'bunny-7d4f', timestamp: TIME, message: LINE, eventId: '1' },
      { pod: 'bunny-7d4f' },
    ],
    [
      'an entry of journald',
      {
        __REALTIME_TIMESTAMP: `${TIME}000`,
        _SYSTEMD_UNIT: 'bunny.service',
        _HOSTNAME: 'host-1',
        MESSAGE: LINE,
      },
      { container: 'bunny.service' },
    ],
    [
      'an entry of Google Cloud Logging',
      {
        insertId: 'a',
        textPayload: LINE,
        timestamp: '2025-09-26T06:56:21.123456789Z',
        resource: { type: 'k8s_container', labels: { pod_name: 'bunny-7d4f', cluster_name: 'a' } },
      },
      { pod: 'bunny-7d4f', cluster: 'a' },
    ],
    [
      'a row of Azure',
      {
        TimeGenerated: '2025-09-26T06:56:21.123Z',
        PodName: 'bunny-7d4f',
        PodNamespace: 'cohorts',
        ContainerName: 'bunny',
        LogMessage: LINE,
      },
      { pod: 'bunny-7d4f', namespace: 'cohorts', container: 'bunny' },
    ],
  ])('reads %s as JSON', (_, record, labels) => {
    expect(recognised(JSON.stringify(record))).toMatchObject({ text: LINE, time: TIME, labels })
  })

  it.each([
    [
      'Kibana',
      '"@timestamp","kubernetes.pod.name",message',
      `"Sep 26, 2025 @ 06:56:21.123","bunny-7d4f","${LINE}"`,
    ],
    [
      'CloudWatch Logs Insights',
      '@timestamp,@message,@logStream',
      `2025-09-26 06:56:21.123,"${LINE}",bunny-7d4f`,
    ],
    [
      'Azure',
      '"TimeGenerated [UTC]",PodName,LogMessage',
      `"9/26/2025, 6:56:21.123 AM","bunny-7d4f","${LINE}"`,
    ],
  ])('reads the CSV of %s', (_, head, row) => {
    const { makeWrapper, layout } = recognise(Buffer.from(`${head}\n${row}\n`))
    expect(layout).toBe('csv')
    expect(unwrapped(makeWrapper(), row)).toMatchObject({
      text: LINE,
      time: TIME,
      labels: { pod: 'bunny-7d4f' },
    })
  })

  it.each([
    ['logcli', `2025-09-26T06:56:21.123Z {app="cohorts", pod="bunny-7d4f"} ${LINE}`],
    ['aws logs tail', `2025-09-26T06:56:21.123000+00:00 bunny-7d4f ${LINE}`],
    ['syslog', `2025-09-26T06:56:21.123+00:00 bunny-7d4f bunny[42]: ${LINE}`],
  ])('reads lines of %s', (name, text) => {
    expect(recognised(text)).toMatchObject({
      name,
      text: LINE,
      time: TIME,
      labels: { pod: 'bunny-7d4f' },
    })
  })

  it("reads Grafana's text, with a tab after the time", () => {
    expect(recognised(`2025-09-26T06:56:21.123Z\t${LINE}`)).toMatchObject({
      text: LINE,
      time: TIME,
    })
  })

  const second = (n: number): string => String(n).padStart(2, '0')
  const responses = Array.from({ length: 20 }, (_, n) => ({
    time: Date.UTC(2025, 8, 26, 6, 56, n),
    line: `DEBUG - 26-Sep-25 06:56:${second(n)} - Response Status: 204`,
  }))

  it.each([
    [
      'an answer of CloudWatch, over many lines',
      JSON.stringify(
        {
          events: responses.map(({ time, line }) => ({
            logStreamName: 'bunny-7d4f',
            timestamp: time,
            message: line,
          })),
          searchedLogStreams: [],
        },
        null,
        4,
      ),
    ],
    [
      'an answer of Elasticsearch',
      JSON.stringify({
        took: 3,
        hits: {
          total: { value: 20 },
          hits: responses.map(({ time, line }) => ({
            _source: {
              '@timestamp': new Date(time).toISOString(),
              message: line,
              kubernetes: { pod: { name: 'bunny-7d4f' } },
            },
          })),
        },
      }),
    ],
    [
      'OTLP, many records a line',
      JSON.stringify({
        resourceLogs: [
          {
            resource: {
              attributes: [{ key: 'k8s.pod.name', value: { stringValue: 'bunny-7d4f' } }],
            },
            scopeLogs: [
              {
                logRecords: responses.map(({ time, line }) => ({
                  timeUnixNano: `${time}000000`,
                  body: { stringValue: line },
                })),
              },
            ],
          },
        ],
      }),
    ],
  ])('reads %s', async (_, text) => {
    const report = await reportOf({ 'logs.json': text })
    expect(report.sources).toMatchObject([{ events: 20, unreadable: 0, role: 'client' }])
    expect(report.components.map(({ pod }) => pod)).toContain('bunny-7d4f')
  })

  it('reads docker compose', () => {
    expect(recognised(`bunny-1  | ${LINE}`)).toMatchObject({
      name: 'docker compose',
      text: LINE,
      labels: { pod: 'bunny-1' },
    })
  })

  it('recognises an export that begins with the newest line', () => {
    const at = (second: number): string =>
      `2025-09-26T06:56:${String(second).padStart(2, '0')}Z ${LINE}`
    const rising = Array.from({ length: 20 }, (_, second) => at(second))
    expect(recognise(Buffer.from(rising.join('\n'))).newestFirst).toBe(false)
    expect(recognise(Buffer.from(rising.toReversed().join('\n'))).newestFirst).toBe(true)
  })

  it('reads an access log in stern output, which begins with an address', () => {
    const access = '10.1.2.3 - - [26/Sep/2025:06:56:21 +0000] "GET /healthz HTTP/1.1" 200 0 "-" "x"'
    expect(
      recognised(`ingress-7d9fbc controller 2025-09-26T06:56:21.123Z ${access}`),
    ).toMatchObject({
      name: 'stern',
      text: access,
      labels: { pod: 'ingress-7d9fbc', container: 'controller' },
    })
  })

  describe('exports with labels that differ in every line or are very long', () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => n)
    const stamp = (n: number): string => new Date(TIME + n * 1_000).toISOString()

    it.each([
      [
        'CSV with a number a row, and a shorter row after a longer one',
        'logs.csv',
        [
          'labels,Time,Line,id',
          ...rows.map(
            (n) =>
              `"{""pod"": ""bunny-7d4f"", ""cluster"": ""site-a""}",${stamp(n)},"${LINE}${n % 7 === 0 ? ' ""and more""' : ''}",${n}_00`,
          ),
        ],
      ],
      [
        'CSV with the labels last',
        'logs.csv',
        [
          'timestamp,line,labels',
          ...rows.map(
            (n) =>
              `${stamp(n)},"${LINE}${' '.repeat(n % 40)}","{""pod"": ""bunny-7d4f"", ""cluster"": ""site-a""}"`,
          ),
        ],
      ],
      [
        'JSON with a trace a line and many other labels',
        'logs.json',
        rows.map((n) =>
          JSON.stringify({
            timestamp: stamp(n),
            line: LINE,
            labels: { pod: 'bunny-7d4f', cluster: 'site-a', trace: `t${n}`, note: 'x'.repeat(600) },
          }),
        ),
      ],
    ])('%s', async (_, file, lines) => {
      const report = await reportOf({ [file]: `${lines.join('\n')}\n` })
      expect(report.sources.map(({ events }) => events)).toEqual([5_000])
      expect(report.components.map(({ pod, cluster }) => [pod, cluster])).toContainEqual([
        'bunny-7d4f',
        'site-a',
      ])
    })
  })

  it.each([
    ['raw', (line: string) => line],
    ['docker', (log: string) => JSON.stringify({ log: `${log}\n`, time: '2025-09-26T06:56:21Z' })],
    ['Loki', (line: string) => JSON.stringify({ line, timestamp: '2025-09-26T06:56:21Z' })],
    ['stern', (line: string) => `relay-6d5f relay ${line}`],
    ['stern with a time', (line: string) => `relay-6d5f relay 2025-09-26T06:56:21.1Z ${line}`],
    [
      'stern, its names coloured too',
      (line: string) => `\u001b[36mrelay-6d5f\u001b[0m relay ${line}`,
    ],
  ])('removes terminal colours from lines: %s', async (_, wrap) => {
    const line = '[06:56:21 \u001b[38;5;15mINF\u001b[0m] HTTP GET /healthz responded 200 in 3.1 ms'
    const report = await reportOf({ 'relay.log': `${wrap(line)}\n`.repeat(30) })
    expect(report.sources).toMatchObject([{ events: 30, unreadable: 0, role: 'relay' }])
  })
})

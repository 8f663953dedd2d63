import { describe, expect, it } from 'vitest'

import { kubernetesKind, parseKubernetes } from '../../src/kubernetes/kubernetes-file.ts'
import type { Incident } from '../../src/kubernetes/incident.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { A, clientLog, lines, pollTimes, relayLog, START } from '../fixtures/small-logs.ts'

const at = (second: number): string => new Date(START + second * 1000).toISOString()
const POD = 'bunny-7c9d4f6b5-m8z2x'

const DESCRIBE_POD = `Name:             ${POD}
Namespace:        site-a
Priority:         0
Node:             node-1/10.0.0.1
Status:           Running
Containers:
  bunny:
    Container ID:   containerd://1
    Image:          bunny:1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Fri, 26 Sep 2025 06:34:00 +0000
      Finished:     Fri, 26 Sep 2025 06:38:00 +0000
    Ready:          False
    Restart Count:  12
    Limits:
      memory:  256Mi
Events:
  Type     Reason     Age                   From     Message
  ----     ------     ----                  ----     -------
  Normal   Pulled     5m                    kubelet  Container image "bunny:1" already present on machine
  Warning  BackOff    3m12s (x42 over 3h)   kubelet  Back-off restarting failed container bunny in pod
  Warning  Unhealthy  4m (x3 over 10m)      kubelet  Readiness probe failed: HTTP probe failed with statuscode: 503
`

const EVENTS_TABLE = `NAMESPACE   LAST SEEN   TYPE      REASON      OBJECT                          MESSAGE
site-a      3m12s       Warning   BackOff     pod/${POD}   Back-off restarting failed container
hub         5m          Warning   Failed      pod/hub-relay-6d5f7c9b8-x2k4q   Failed to pull image "relay:2": not found
hub         9m          Normal    Scheduled   pod/hub-relay-6d5f7c9b8-x2k4q   Successfully assigned
`

const PODS_TABLE = `NAME                         READY   STATUS             RESTARTS       AGE
${POD}        0/1     CrashLoopBackOff   12 (3m ago)    4h
hub-relay-6d5f7c9b8-x2k4q    1/1     Running            0              4h
hub-rabbitmq-0               1/1     Running            2 (2h ago)     4h
`

const PODS_YAML = `apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: ${POD}
    namespace: site-a
    uid: 0b7c0000-0000-4000-8000-000000000001
  status:
    containerStatuses:
    - name: bunny
      restartCount: 12
      lastState:
        terminated:
          exitCode: 137
          finishedAt: "2025-09-26T06:38:00Z"
          reason: OOMKilled
      state:
        running:
          startedAt: "2025-09-26T06:38:10Z"
kind: List
`

const EVENTS_JSON = JSON.stringify(
  {
    apiVersion: 'v1',
    items: [
      {
        apiVersion: 'v1',
        kind: 'Event',
        count: 42,
        firstTimestamp: at(60),
        lastTimestamp: at(500),
        involvedObject: { kind: 'Pod', name: POD, namespace: 'site-a' },
        message: 'Back-off restarting failed container',
        metadata: { name: `${POD}.17a`, uid: 'event-1' },
        reason: 'BackOff',
        type: 'Warning',
      },
    ],
    kind: 'List',
  },
  null,
  4,
)

const CERTIFICATE = `Name:         relay-tls
Namespace:    hub
API Version:  cert-manager.io/v1
Kind:         Certificate
Status:
  Conditions:
    Last Transition Time:  2025-09-26T06:00:00Z
    Message:               The certificate request has failed
    Reason:                Failed
    Status:                False
    Type:                  Issuing
    Last Transition Time:  2025-08-26T06:00:00Z
    Reason:                Ready
    Status:                True
    Type:                  Ready
  Not After:               2025-09-28T00:00:00Z
Events:                    <none>
`

const CERT_MANAGER = `I0926 06:30:00.000001       1 controller.go:100] "starting" logger="cert-manager.controller"
E0926 06:31:00.000001       1 controller.go:167] "re-queuing item due to error processing" err="429" logger="cert-manager.controller" key="hub/relay-tls"
E0926 06:41:00.000001       1 controller.go:167] "re-queuing item due to error processing" err="429" logger="cert-manager.controller" key="hub/relay-tls"
`

const TARGETS = JSON.stringify({
  TargetHealthDescriptions: [
    {
      Target: { Id: '10.0.2.15', Port: 8080 },
      TargetHealth: {
        State: 'unhealthy',
        Reason: 'Target.Timeout',
        Description: 'Request timed out',
      },
    },
    { Target: { Id: '10.0.2.16', Port: 8080 }, TargetHealth: { State: 'healthy' } },
  ],
})

function incidents(text: string): Incident[] {
  const kind = kubernetesKind(text)
  if (kind === undefined) throw new Error('not recognised')
  return parseKubernetes(kind, text).incidents
}
const kinds = (text: string): string[] => incidents(text).map(({ kind, name }) => `${kind} ${name}`)

describe('the output of kubectl and similar commands', () => {
  it('is read: describe pod, with the last state, restarts and events', () => {
    const [state, ...events] = incidents(DESCRIBE_POD)
    expect(state).toMatchObject({
      kind: 'out-of-memory',
      name: POD,
      namespace: 'site-a',
      count: 12,
      current: true,
      last: Date.UTC(2025, 8, 26, 6, 38),
      detail: 'OOMKilled, CrashLoopBackOff',
    })
    expect(events).toMatchObject([
      { kind: 'crash-loop', count: 42 },
      { kind: 'probe-failing', count: 3 },
    ])
  })

  it.each([
    [
      'a table of events',
      EVENTS_TABLE,
      [`crash-loop ${POD}`, 'image-pull-failing hub-relay-6d5f7c9b8-x2k4q'],
    ],
    ['a table of pods', PODS_TABLE, [`crash-loop ${POD}`, 'pod-restarted hub-rabbitmq-0']],
    ['pods as YAML', PODS_YAML, [`out-of-memory ${POD}`]],
    ['events as JSON', EVENTS_JSON, [`crash-loop ${POD}`]],
    ['target health', TARGETS, ['target-unhealthy 10.0.2.15:8080']],
    ['a certificate', CERTIFICATE, ['certificate-not-renewed relay-tls']],
    ['a log of cert-manager', CERT_MANAGER, ['certificate-not-renewed relay-tls']],
  ])('is read: %s', (_, text, expected) => {
    expect(kinds(text)).toEqual(expected)
  })

  it('is quoted with its line', () => {
    const quotes = (text: string): (string | undefined)[] =>
      incidents(text).map(({ line }) => text.split('\n')[line - 1]?.trim())
    expect(quotes(DESCRIBE_POD)[0]).toBe('Reason:       OOMKilled')
    expect(quotes(EVENTS_TABLE)[0]).toContain('BackOff')
    expect(quotes(PODS_TABLE)[0]).toContain('CrashLoopBackOff')
    expect(quotes(PODS_YAML)).toEqual(['reason: OOMKilled'])
    expect(quotes(EVENTS_JSON)).toEqual(['"message": "Back-off restarting failed container",'])
    expect(quotes(JSON.stringify(JSON.parse(TARGETS), null, 2))).toEqual([
      '"Reason": "Target.Timeout",',
    ])
    expect(quotes(CERTIFICATE)).toEqual(['Reason:                Failed'])
  })

  it('is not taken for a log, and a log is not taken for it', () => {
    for (const text of [
      clientLog(pollTimes(1)),
      relayLog({ client: 'site-a', collection: A, times: pollTimes(1) }),
      '{"level":30,"time":1758868200000,"component":"bunny","msg":"poll sent"}\n',
      'Name: value\n',
      '',
    ])
      expect(kubernetesKind(text)).toBeUndefined()
  })

  it('may be damaged, empty or hostile', () => {
    for (const text of [DESCRIBE_POD, EVENTS_TABLE, PODS_YAML, EVENTS_JSON, TARGETS])
      for (let end = 0; end < text.length; end += 37) {
        const cut = text.slice(0, end)
        const kind = kubernetesKind(cut)
        if (kind !== undefined)
          expect(Array.isArray(parseKubernetes(kind, cut).incidents)).toBe(true)
      }
    const bomb = `apiVersion: v1\nkind: List\na: &a [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [${Array.from({ length: 9 }, () => (n === 0 ? '*a' : `*b${n - 1}`)).join(', ')}]`).join('\n')}\n`
    expect(parseKubernetes('yaml', bomb).incidents).toEqual([])
  })
})

/** A bunny that is killed and starts again every four minutes. */
function restarting(): Record<string, string> {
  const times = pollTimes(1).filter((second) => second % 240 > 40)
  const starts = [0, 240, 480].map((second) => ({ at: second + 40, msg: 'bunny started' }))
  const events = [
    ...starts.map(({ at: second, msg }) => ({ second, msg, more: { version: '0.1.0' } })),
    ...times.flatMap((second) => [
      {
        second,
        msg: 'poll sent',
        more: { requestId: `r${second}`, url: 'https://relay.example.org/x' },
      },
      {
        second: second + 0.04,
        msg: 'poll answered',
        more: { requestId: `r${second}`, status: 204, durationMs: 40 },
      },
    ]),
  ].toSorted((a, b) => a.second - b.second)
  return {
    'site-a/bunny.log': lines(
      events.map(({ second, msg, more }) =>
        JSON.stringify({
          level: 30,
          time: START + second * 1000,
          component: 'bunny',
          hostname: POD,
          ...more,
          msg,
        }),
      ),
    ),
    'relay.log': relayLog(
      { client: 'site-a', collection: A, times },
      { client: 'site-b', collection: A.replace('3', '4'), times: pollTimes(2) },
    ),
  }
}

describe('what Kubernetes reports', () => {
  it('is one finding with the restarts and gaps that the logs show: party site', async () => {
    const without = await reportOf(restarting())
    expect(without.findings.map(({ cause }) => cause)).toContain('client-restarted')
    const report = await reportOf({ ...restarting(), 'site-a/describe.txt': DESCRIBE_POD })
    const bad = report.findings.filter(({ severity }) => severity !== 'info')
    expect(bad.map(({ cause }) => cause)).toEqual(['out-of-memory'])
    expect(bad[0]).toMatchObject({
      party: 'site',
      title: 'site-a: killed because it ran out of memory',
    })
    expect(bad[0]?.evidence.map(({ file }) => file)).toContain('site-a/describe.txt')
    expect(report.verdict).toBe('unhealthy')
    expect(report.sources.map(({ format }) => format)).toContain('kubectl describe')
  })

  it('is reported without any log', async () => {
    const report = await reportOf({ 'site-a/describe.txt': DESCRIBE_POD })
    expect(report.verdict).toBe('unhealthy')
    expect(report.findings).toMatchObject([{ cause: 'out-of-memory', party: 'site' }])
    expect(report.caveats.map(({ kind }) => kind)).not.toContain('empty')
  })

  it('does not explain the failures of another client', async () => {
    const times = pollTimes(2).filter((second) => second < 200 || second > 400)
    const report = await reportOf({
      'relay.log': relayLog(
        { client: 'site-a', collection: A, times: pollTimes(1) },
        { client: 'site-b', collection: A.replace('3', '4'), times },
      ),
      'site-a/bunny.log': clientLog(pollTimes(1)),
      'site-a/describe.txt': DESCRIBE_POD,
    })
    const titles = report.findings.map(({ title }) => title)
    expect(titles).toContainEqual(expect.stringMatching(/^site-b: stopped polling/))
    expect(titles).toContainEqual(expect.stringMatching(/^site-a: killed/))
  })

  it('does not concern pods of other programs, nor times outside the logs', async () => {
    const logs = {
      'site-a/bunny.log': clientLog(pollTimes(1)),
      'relay.log': relayLog({ client: 'site-a', collection: A, times: pollTimes(1) }),
    }
    const other = EVENTS_JSON.replaceAll(POD, 'coredns-7c9d4f6b5-m8z2x')
    const old = EVENTS_JSON.replaceAll('2025-09-26', '2025-09-20')
    for (const events of [other, old]) {
      const { findings } = await reportOf({ ...logs, 'events.json': events })
      expect(findings.filter(({ cause }) => cause === 'crash-loop')).toEqual([])
    }
  })
})

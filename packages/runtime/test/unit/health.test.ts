import { describe, expect, it } from 'vitest'

import { createMetrics, Health } from '../../src/index.ts'

describe('Health', () => {
  it('is ready if every check passes', async () => {
    const health = new Health()
    health.check('store', async () => {})
    health.check('queue', async () => {})
    const { ok, checks } = await health.ready()
    expect(ok).toBe(true)
    expect(Object.keys(checks)).toEqual(['store', 'queue'])
  })

  it('reports which check failed and why', async () => {
    const health = new Health()
    health.check('store', async () => {})
    health.check('queue', () => Promise.reject(new Error('connection refused')))
    expect(await health.ready()).toMatchObject({
      ok: false,
      checks: { store: { ok: true }, queue: { ok: false, detail: 'connection refused' } },
    })
  })

  it('reports a check that throws synchronously as failed', async () => {
    const health = new Health()
    health.check('store', () => {
      throw new Error('no pool')
    })
    expect((await health.ready()).checks['store']).toMatchObject({ ok: false, detail: 'no pool' })
  })

  it('does not wait for a check that hangs, and does not start it again', async () => {
    const health = new Health({ timeoutMs: 20 })
    let started = 0
    health.check('store', () => {
      started += 1
      return new Promise(() => {})
    })
    await health.ready()
    expect(await health.ready()).toMatchObject({
      ok: false,
      checks: { store: { ok: false, detail: 'timed out after 20 ms' } },
    })
    expect(started).toBe(1)
  })

  it('runs a check again after it has ended', async () => {
    const health = new Health()
    let working = false
    health.check('store', () => (working ? Promise.resolve() : Promise.reject(new Error('down'))))
    expect((await health.ready()).ok).toBe(false)
    working = true
    expect((await health.ready()).ok).toBe(true)
  })

  it('is not ready while the program is stopping', async () => {
    const health = new Health()
    health.markStopping()
    expect(await health.ready()).toMatchObject({ ok: false, checks: { process: { ok: false } } })
  })
})

describe('createMetrics', () => {
  it('exposes counters, gauges and histograms with its prefix', async () => {
    const metrics = createMetrics('relay_', { process: false })
    metrics.counter('polls_total', 'Polls.', ['node']).inc({ node: 'site-a' }, 2)
    metrics.gauge('queue_depth', 'Tasks waiting.').set(3)
    metrics.histogram('poll_seconds', 'Time of a poll.').observe(0.002)
    const text = await metrics.text()
    expect(text).toContain('relay_polls_total{node="site-a"} 2')
    expect(text).toContain('relay_queue_depth 3')
    expect(text).toContain('relay_poll_seconds_bucket{le="0.0025"} 1')
    expect(text).not.toContain('process_cpu')
  })

  it('counts separately for two programs in one process', async () => {
    const [one, other] = [createMetrics('a_', { process: false }), createMetrics('a_')]
    one.counter('x_total', 'X.').inc()
    other.counter('x_total', 'X.')
    expect(await one.text()).toContain('a_x_total 1')
    expect(await other.text()).toContain('a_x_total 0')
    expect(await other.text()).toContain('process_cpu')
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EARTH_RADIUS, haversine, isOnEarth } from '../../src/evaluate/haversine.ts'

const point = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
})

describe('great-circle distance', () => {
  it.each([
    ['Edinburgh to Glasgow', [55.9533, -3.1883], [55.8642, -4.2518], 67_000, 1000],
    ['London to Paris', [51.5074, -0.1278], [48.8566, 2.3522], 344_000, 1000],
    ['one degree of the equator', [0, 179.5], [0, -179.5], (EARTH_RADIUS * Math.PI) / 180, 1e-3],
    ['pole to pole', [90, 0], [-90, 73], EARTH_RADIUS * Math.PI, 1e-3],
    ['antipodes', [12.3, 45.6], [-12.3, -134.4], EARTH_RADIUS * Math.PI, 1],
  ] as const)('is correct for %s', (_, [latA, lonA], [latB, lonB], metres, tolerance) => {
    const distance = haversine(
      { latitude: latA, longitude: lonA },
      { latitude: latB, longitude: lonB },
    )
    expect(Math.abs(distance - metres)).toBeLessThanOrEqual(tolerance)
  })

  it('is between zero and half the circumference for any two points', () => {
    fc.assert(
      fc.property(point, point, (a, b) => {
        const distance = haversine(a, b)
        expect(distance).toBeGreaterThanOrEqual(0)
        expect(distance).toBeLessThanOrEqual(EARTH_RADIUS * Math.PI + 1e-6)
      }),
      { numRuns: 1000 },
    )
  })

  it('is never less than its north-south part, which the search relies on', () => {
    fc.assert(
      fc.property(point, point, (a, b) => {
        const north = (Math.abs(a.latitude - b.latitude) * Math.PI * EARTH_RADIUS) / 180
        // A tenth of the margin of the search.
        expect(haversine(a, b)).toBeGreaterThanOrEqual(north - 0.01)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    [90, 360, true],
    [-90, -360, true],
    [90.1, 0, false],
    [0, 361, false],
    [Number.NaN, 0, false],
    [0, Number.NaN, false],
  ])('%d, %d is on earth: %s', (latitude, longitude, expected) => {
    expect(isOnEarth({ latitude, longitude })).toBe(expected)
  })
})

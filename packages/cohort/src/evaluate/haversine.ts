/** Metres. */
export const EARTH_RADIUS = 6_371_000

export interface Point {
  /** Degrees. */
  readonly latitude: number
  /** Degrees. */
  readonly longitude: number
}

/** Great-circle distance in metres. */
export function haversine(a: Point, b: Point): number {
  const phiA = radians(a.latitude)
  const phiB = radians(b.latitude)
  const north = Math.sin(radians(b.latitude - a.latitude) / 2)
  const east = Math.sin(radians(b.longitude - a.longitude) / 2)
  const h = north * north + Math.cos(phiA) * Math.cos(phiB) * east * east
  // Near the antipode, rounding can give an h above 1, for which asin is undefined.
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, Math.max(0, h))))
}

/** Coordinates outside these bounds are errors in the data, and count as unknown. */
export function isOnEarth({ latitude, longitude }: Point): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 360
}

export function degrees(radians: number): number {
  return (radians * 180) / Math.PI
}

export function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}

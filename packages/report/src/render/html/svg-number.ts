/** A coordinate for SVG: short, and the same on every machine. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10)
}

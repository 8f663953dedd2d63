import { EARTH_RADIUS, degrees, radians } from '../evaluate/haversine.ts'
import type { LocationCriterion } from '../tree/cohort.ts'
import type { StatementParts } from './statement-parts.ts'

/** Degrees: 10 cm on the ground, and a million times the rounding error of the arithmetic. */
const MARGIN = 1e-6

/**
 * Selects the distinct IDs of the locations inside the circle.
 *
 * A box of latitudes and longitudes comes first, which avoids the trigonometry for most rows, and which an index on either
 * column serves: the column itself is compared. It loses no location: the haversine of a distance is never less than that
 * of its north-south part, and a circle that does not reach a pole touches its easternmost meridian at
 * `asin(sin(radius) / cos(latitude))`. A circle that reaches a pole has all longitudes.
 *
 * The outer branches of the `case` keep the arguments of `sqrt` and `asin` valid, whatever the
 * database evaluates first.
 */
export function locationSearchSql(circle: LocationCriterion, parts: StatementParts): string {
  const { doubleType } = parts.dialect
  const reach = degrees(circle.radius / EARTH_RADIUS) + MARGIN
  const south = parts.decimal(Math.max(-90, circle.latitude - reach))
  const north = parts.decimal(Math.min(90, circle.latitude + reach))
  const latitude = parts.double(circle.latitude)
  const longitude = parts.double(circle.longitude)
  const columnLatitude = `cast(l.latitude as ${doubleType})`
  const columnLongitude = `cast(l.longitude as ${doubleType})`
  return [
    'select distinct h.location_id from (',
    '  select l.location_id,',
    `    power(sin(radians(${columnLatitude} - ${latitude}) / 2), 2)`,
    `    + cos(radians(${latitude})) * cos(radians(${columnLatitude}))`,
    `    * power(sin(radians(${columnLongitude} - ${longitude}) / 2), 2) as haversine`,
    `  from ${parts.table('location')} l`,
    `  where l.latitude between ${south} and ${north} and ${longitudesSql(circle, reach, parts)}`,
    ') h',
    `where ${2 * EARTH_RADIUS} * asin(case when h.haversine >= 1 then 1 when h.haversine <= 0 then 0`,
    `  else sqrt(h.haversine) end) <= ${parts.double(circle.radius)}`,
  ].join('\n')
}

/** The ranges of longitude that the circle touches. Sites write 181 degrees east or 179 west: all turns of it are searched. */
function longitudesSql(circle: LocationCriterion, reach: number, parts: StatementParts): string {
  const everywhere = 'l.longitude between -360 and 360'
  if (Math.abs(circle.latitude) + reach >= 90) return everywhere
  const ratio = Math.sin(radians(reach)) / Math.cos(radians(circle.latitude))
  const width = degrees(Math.asin(Math.min(1, ratio))) + MARGIN
  if (width >= 180) return everywhere
  const ranges = [-360, 0, 360].flatMap((turn) => {
    const west = Math.max(-360, circle.longitude + turn - width)
    const east = Math.min(360, circle.longitude + turn + width)
    return west <= east
      ? [`l.longitude between ${parts.decimal(west)} and ${parts.decimal(east)}`]
      : []
  })
  return ranges.length === 1 ? ranges.join('') : `(${ranges.join(' or ')})`
}

import { EARTH_RADIUS, degrees } from '../evaluate/haversine.ts'
import type { LocationCriterion } from '../tree/cohort.ts'
import type { StatementParts } from './statement-parts.ts'

/** Degrees: 10 cm on the ground, and a million times the rounding error of the arithmetic. */
const MARGIN = 1e-6

/**
 * Selects the distinct IDs of the locations inside the circle.
 *
 * A range of latitudes comes first, which avoids the trigonometry for most rows. It loses no location:
 * the haversine of a distance is never less than that of its north-south part, so a point within the
 * radius is within that angle of latitude. Longitudes have no such range: they wrap around, and near
 * a pole a small circle contains all of them.
 *
 * The outer branches of the `case` keep the arguments of `sqrt` and `asin` valid, whatever the
 * database evaluates first.
 */
export function locationSearchSql(circle: LocationCriterion, parts: StatementParts): string {
  const { doubleType } = parts.dialect
  const reach = degrees(circle.radius / EARTH_RADIUS) + MARGIN
  const south = parts.double(Math.max(-90, circle.latitude - reach))
  const north = parts.double(Math.min(90, circle.latitude + reach))
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
    `  where l.latitude between ${south} and ${north} and l.longitude between -360 and 360`,
    ') h',
    `where ${2 * EARTH_RADIUS} * asin(case when h.haversine >= 1 then 1 when h.haversine <= 0 then 0`,
    `  else sqrt(h.haversine) end) <= ${parts.double(circle.radius)}`,
  ].join('\n')
}

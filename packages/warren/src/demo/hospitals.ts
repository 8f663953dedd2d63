export interface Hospital {
  readonly name: string
  readonly persons: number
  readonly seed: number
  /** The kind of hospital, see `generateOmop`. */
  readonly profile: string
  /** CDM 5.3 has no coordinates, so a hospital with it cannot exclude people by place. */
  readonly cdm: '5.4' | '5.3'
}

/** Different sizes and different patients; one has an older database. */
export const HOSPITALS: readonly Hospital[] = [
  { name: 'northgate', persons: 4200, seed: 11, profile: 'regional', cdm: '5.4' },
  { name: 'riverside', persons: 2600, seed: 23, profile: 'city', cdm: '5.4' },
  { name: 'st-brides', persons: 3100, seed: 37, profile: 'coast', cdm: '5.4' },
  { name: 'lakeview', persons: 1900, seed: 53, profile: 'university', cdm: '5.3' },
]

/** The four hospitals of the demo: different sizes, different patients, one with an older database. */
export interface Hospital {
  readonly name: string
  readonly persons: number
  readonly seed: number
  /** What sets this hospital's patients apart, see `generateOmop`. */
  readonly profile: string
  /** CDM 5.3 has no coordinates: whoever is to be left out by place cannot be known here. */
  readonly cdm: '5.4' | '5.3'
}

export const HOSPITALS: readonly Hospital[] = [
  { name: 'northgate', persons: 4200, seed: 11, profile: 'regional', cdm: '5.4' },
  { name: 'riverside', persons: 2600, seed: 23, profile: 'city', cdm: '5.4' },
  { name: 'st-brides', persons: 3100, seed: 37, profile: 'coast', cdm: '5.4' },
  { name: 'lakeview', persons: 1900, seed: 53, profile: 'university', cdm: '5.3' },
]

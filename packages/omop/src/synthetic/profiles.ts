import type { Specialty } from './conditions.ts'
import { ASIAN, BLACK, WHITE } from './other-concepts.ts'

export interface Area {
  readonly town: string
  /** WGS 84, degrees. */
  readonly latitude: number
  readonly longitude: number
  /** Share of patients who live there, relative to the other areas. */
  readonly weight: number
}

/** How the patients of one hospital differ from those of others. */
export interface HospitalProfile {
  readonly name: string
  readonly description: string
  /** Relative numbers of people by age in years on the last day of the data. */
  readonly ages: readonly (readonly [range: readonly [from: number, to: number], weight: number])[]
  /** Concept 0 is unknown. */
  readonly races: readonly (readonly [conceptId: number, weight: number])[]
  readonly hispanic: number
  readonly areas: readonly Area[]
  /** Acute illnesses per year of an adult. */
  readonly illnesses: number
  /** How many times as common the conditions of a specialty are as in other hospitals. */
  readonly specialties: Partial<Record<Specialty, number>>
  /** Share of contacts with a blood test. */
  readonly laboratory: number
  /** Share of the blood samples that a biobank keeps. */
  readonly biobank: number
}

const area = (town: string, latitude: number, longitude: number, weight: number): Area => ({
  town,
  latitude,
  longitude,
  weight,
})

export const PROFILES: readonly HospitalProfile[] = [
  {
    name: 'regional',
    description: 'a general hospital in the English Midlands, close to the national average',
    ages: [
      [[0, 17], 19],
      [[18, 34], 21],
      [[35, 49], 19],
      [[50, 64], 20],
      [[65, 79], 15],
      [[80, 98], 6],
    ],
    races: [
      [WHITE, 78],
      [ASIAN, 10],
      [BLACK, 5],
      [0, 7],
    ],
    hispanic: 0.01,
    areas: [
      area('Nottingham', 52.9548, -1.1581, 5),
      area('Derby', 52.9225, -1.4746, 3),
      area('Mansfield', 53.1472, -1.1987, 2),
      area('Loughborough', 52.7721, -1.2062, 1),
    ],
    illnesses: 0.5,
    specialties: {},
    laboratory: 0.18,
    biobank: 0.1,
  },
  {
    name: 'city',
    description: 'an inner-city hospital in London: young patients of many origins',
    ages: [
      [[0, 17], 22],
      [[18, 34], 33],
      [[35, 49], 24],
      [[50, 64], 13],
      [[65, 79], 6],
      [[80, 98], 2],
    ],
    races: [
      [WHITE, 44],
      [ASIAN, 24],
      [BLACK, 21],
      [0, 11],
    ],
    hispanic: 0.05,
    areas: [
      area('Hackney', 51.545, -0.0553, 4),
      area('Newham', 51.5255, 0.0352, 3),
      area('Tower Hamlets', 51.5203, -0.0293, 3),
      area('Lewisham', 51.4452, -0.0209, 2),
      area('Haringey', 51.5906, -0.111, 2),
    ],
    illnesses: 0.7,
    specialties: { infection: 2.2, mental: 1.5, pregnancy: 1.8, injury: 1.3 },
    laboratory: 0.15,
    biobank: 0.05,
  },
  {
    name: 'coast',
    description: 'hospitals on the Devon coast: many retired people',
    ages: [
      [[0, 17], 13],
      [[18, 34], 13],
      [[35, 49], 15],
      [[50, 64], 24],
      [[65, 79], 24],
      [[80, 98], 11],
    ],
    races: [
      [WHITE, 94],
      [ASIAN, 2],
      [BLACK, 1],
      [0, 3],
    ],
    hispanic: 0.005,
    areas: [
      area('Torquay', 50.4619, -3.5253, 4),
      area('Exeter', 50.7184, -3.5339, 4),
      area('Plymouth', 50.3755, -4.1427, 3),
      area('Barnstaple', 51.0801, -4.0607, 1),
    ],
    illnesses: 0.45,
    specialties: { cardiac: 1.3, eye: 1.3, musculoskeletal: 1.3, pregnancy: 0.6 },
    laboratory: 0.22,
    biobank: 0.02,
  },
  {
    name: 'university',
    description:
      'university hospitals in Edinburgh and Glasgow: rare and severe diseases, a biobank',
    ages: [
      [[0, 17], 12],
      [[18, 34], 22],
      [[35, 49], 22],
      [[50, 64], 24],
      [[65, 79], 15],
      [[80, 98], 5],
    ],
    races: [
      [WHITE, 82],
      [ASIAN, 8],
      [BLACK, 3],
      [0, 7],
    ],
    hispanic: 0.015,
    areas: [
      area('Edinburgh', 55.9533, -3.1883, 5),
      area('Glasgow', 55.8642, -4.2518, 4),
      area('Stirling', 56.1165, -3.9369, 1),
      area('Dundee', 56.462, -2.9707, 1),
    ],
    illnesses: 0.35,
    specialties: { rare: 5, cancer: 2.6, renal: 1.8, neuro: 1.4 },
    laboratory: 0.28,
    biobank: 0.5,
  },
  {
    name: 'rural',
    description: 'a small hospital in the Scottish Highlands: few laboratories, long distances',
    ages: [
      [[0, 17], 16],
      [[18, 34], 15],
      [[35, 49], 18],
      [[50, 64], 25],
      [[65, 79], 19],
      [[80, 98], 7],
    ],
    races: [
      [WHITE, 95],
      [ASIAN, 1],
      [BLACK, 1],
      [0, 3],
    ],
    hispanic: 0.003,
    areas: [
      area('Inverness', 57.4778, -4.2247, 4),
      area('Aviemore', 57.1954, -3.8238, 1),
      area('Ullapool', 57.8954, -5.1613, 1),
      area('Portree', 57.4125, -6.196, 1),
    ],
    illnesses: 0.4,
    specialties: { injury: 1.5, respiratory: 1.2, rare: 0.6 },
    laboratory: 0.08,
    biobank: 0,
  },
]

export const DEFAULT_PROFILE = 'regional'

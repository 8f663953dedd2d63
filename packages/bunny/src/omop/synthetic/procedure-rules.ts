import {
  APPENDECTOMY,
  BONE_DENSITY,
  BONE_IMMOBILIZATION,
  CARDIOVERSION,
  CATARACT_SURGERY,
  CHEMOTHERAPY,
  CHEST_X_RAY,
  COLONOSCOPY,
  COMPUTED_TOMOGRAPHY,
  CORONARY_INTERVENTION,
  DIALYSIS,
  ECHOCARDIOGRAPHY,
  ELECTROCARDIOGRAPHY,
  HIP_REPLACEMENT,
  MAGNETIC_RESONANCE,
  MAMMOGRAPHY,
  SPIROMETRY,
  THERAPY,
  WOUND_SUTURE,
} from './other-concepts.ts'

export interface ProcedureRule {
  readonly procedure: number
  /** Share of the people with the condition who get it. */
  readonly share: number
  /** How often it is repeated: on average, and at most. */
  readonly times?: readonly [mean: number, most: number]
}

/** Procedures by condition concept. */
export const PROCEDURES_FOR: Readonly<Record<number, readonly ProcedureRule[]>> = {
  4329847: [
    { procedure: ELECTROCARDIOGRAPHY, share: 0.9 },
    { procedure: CORONARY_INTERVENTION, share: 0.55 },
    { procedure: ECHOCARDIOGRAPHY, share: 0.6 },
  ],
  317576: [{ procedure: CORONARY_INTERVENTION, share: 0.18 }],
  313217: [
    { procedure: ELECTROCARDIOGRAPHY, share: 0.9, times: [1.5, 5] },
    { procedure: CARDIOVERSION, share: 0.22, times: [1, 3] },
  ],
  316139: [{ procedure: ECHOCARDIOGRAPHY, share: 0.8, times: [1, 4] }],
  77670: [
    { procedure: ELECTROCARDIOGRAPHY, share: 0.8 },
    { procedure: CHEST_X_RAY, share: 0.4 },
  ],
  255848: [{ procedure: CHEST_X_RAY, share: 0.75 }],
  255573: [{ procedure: SPIROMETRY, share: 0.7, times: [1, 4] }],
  317009: [{ procedure: SPIROMETRY, share: 0.35 }],
  193782: [{ procedure: DIALYSIS, share: 0.7, times: [9, 30] }],
  440448: [{ procedure: APPENDECTOMY, share: 0.88 }],
  4278672: [{ procedure: BONE_IMMOBILIZATION, share: 0.9 }],
  4230399: [{ procedure: HIP_REPLACEMENT, share: 0.75 }],
  80180: [{ procedure: HIP_REPLACEMENT, share: 0.07 }],
  80502: [{ procedure: BONE_DENSITY, share: 0.6, times: [0.6, 3] }],
  375545: [{ procedure: CATARACT_SURGERY, share: 0.5 }],
  4113008: [{ procedure: WOUND_SUTURE, share: 0.7 }],
  4285898: [{ procedure: COLONOSCOPY, share: 0.8, times: [0.5, 3] }],
  81893: [{ procedure: COLONOSCOPY, share: 0.9, times: [1, 4] }],
  201606: [{ procedure: COLONOSCOPY, share: 0.9, times: [1, 4] }],
  440383: [{ procedure: THERAPY, share: 0.25, times: [2, 8] }],
  442077: [{ procedure: THERAPY, share: 0.2, times: [2, 8] }],
  374919: [{ procedure: MAGNETIC_RESONANCE, share: 0.95, times: [1.5, 5] }],
  381316: [
    { procedure: COMPUTED_TOMOGRAPHY, share: 0.9 },
    { procedure: MAGNETIC_RESONANCE, share: 0.4 },
  ],
  4112853: [{ procedure: CHEMOTHERAPY, share: 0.45, times: [4, 8] }],
  4180790: [{ procedure: CHEMOTHERAPY, share: 0.5, times: [4, 8] }],
  443388: [
    { procedure: COMPUTED_TOMOGRAPHY, share: 0.9 },
    { procedure: CHEMOTHERAPY, share: 0.55, times: [3, 8] },
  ],
  432571: [{ procedure: CHEMOTHERAPY, share: 0.7, times: [4, 8] }],
  317510: [{ procedure: CHEMOTHERAPY, share: 0.7, times: [4, 8] }],
}

export interface Screening {
  readonly procedure: number
  readonly ages: readonly [from: number, to: number]
  readonly sex?: 'female'
  /** Average number per year at these ages. */
  readonly yearly: number
}

/** Screenings by age, independent of conditions. */
export const SCREENINGS: readonly Screening[] = [
  { procedure: COLONOSCOPY, ages: [50, 75], yearly: 0.03 },
  { procedure: MAMMOGRAPHY, ages: [50, 71], sex: 'female', yearly: 0.22 },
]

import { CONDITION } from './condition-ids.ts'
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
  [CONDITION.myocardialInfarction]: [
    { procedure: ELECTROCARDIOGRAPHY, share: 0.9 },
    { procedure: CORONARY_INTERVENTION, share: 0.55 },
    { procedure: ECHOCARDIOGRAPHY, share: 0.6 },
  ],
  [CONDITION.coronaryArteryDisease]: [{ procedure: CORONARY_INTERVENTION, share: 0.18 }],
  [CONDITION.atrialFibrillation]: [
    { procedure: ELECTROCARDIOGRAPHY, share: 0.9, times: [1.5, 5] },
    { procedure: CARDIOVERSION, share: 0.22, times: [1, 3] },
  ],
  [CONDITION.heartFailure]: [{ procedure: ECHOCARDIOGRAPHY, share: 0.8, times: [1, 4] }],
  [CONDITION.chestPain]: [
    { procedure: ELECTROCARDIOGRAPHY, share: 0.8 },
    { procedure: CHEST_X_RAY, share: 0.4 },
  ],
  [CONDITION.pneumonia]: [{ procedure: CHEST_X_RAY, share: 0.75 }],
  [CONDITION.copd]: [{ procedure: SPIROMETRY, share: 0.7, times: [1, 4] }],
  [CONDITION.asthma]: [{ procedure: SPIROMETRY, share: 0.35 }],
  [CONDITION.endStageRenalDisease]: [{ procedure: DIALYSIS, share: 0.7, times: [9, 30] }],
  [CONDITION.appendicitis]: [{ procedure: APPENDECTOMY, share: 0.88 }],
  [CONDITION.forearmFracture]: [{ procedure: BONE_IMMOBILIZATION, share: 0.9 }],
  [CONDITION.closedHipFracture]: [{ procedure: HIP_REPLACEMENT, share: 0.75 }],
  [CONDITION.osteoarthritis]: [{ procedure: HIP_REPLACEMENT, share: 0.07 }],
  [CONDITION.osteoporosis]: [{ procedure: BONE_DENSITY, share: 0.6, times: [0.6, 3] }],
  [CONDITION.cataract]: [{ procedure: CATARACT_SURGERY, share: 0.5 }],
  [CONDITION.handLaceration]: [{ procedure: WOUND_SUTURE, share: 0.7 }],
  [CONDITION.colonPolyp]: [{ procedure: COLONOSCOPY, share: 0.8, times: [0.5, 3] }],
  [CONDITION.ulcerativeColitis]: [{ procedure: COLONOSCOPY, share: 0.9, times: [1, 4] }],
  [CONDITION.crohnsDisease]: [{ procedure: COLONOSCOPY, share: 0.9, times: [1, 4] }],
  [CONDITION.depression]: [{ procedure: THERAPY, share: 0.25, times: [2, 8] }],
  [CONDITION.anxiety]: [{ procedure: THERAPY, share: 0.2, times: [2, 8] }],
  [CONDITION.multipleSclerosis]: [{ procedure: MAGNETIC_RESONANCE, share: 0.95, times: [1.5, 5] }],
  [CONDITION.stroke]: [
    { procedure: COMPUTED_TOMOGRAPHY, share: 0.9 },
    { procedure: MAGNETIC_RESONANCE, share: 0.4 },
  ],
  [CONDITION.breastCancer]: [{ procedure: CHEMOTHERAPY, share: 0.45, times: [4, 8] }],
  [CONDITION.colonCancer]: [{ procedure: CHEMOTHERAPY, share: 0.5, times: [4, 8] }],
  [CONDITION.lungCancer]: [
    { procedure: COMPUTED_TOMOGRAPHY, share: 0.9 },
    { procedure: CHEMOTHERAPY, share: 0.55, times: [3, 8] },
  ],
  [CONDITION.lymphoma]: [{ procedure: CHEMOTHERAPY, share: 0.7, times: [4, 8] }],
  [CONDITION.leukemia]: [{ procedure: CHEMOTHERAPY, share: 0.7, times: [4, 8] }],
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

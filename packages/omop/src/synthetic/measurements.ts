import { CONDITION } from './condition-ids.ts'
import type { ConceptSeed } from './concept.ts'
import type { Patient } from './patient.ts'

export interface Unit extends ConceptSeed {
  readonly code: string
}

const unit = (id: number, code: string, name: string): Unit => ({ id, code, name })

const MMHG = unit(8876, 'mm[Hg]', 'millimeter mercury column')
const PER_MINUTE = unit(8541, '/min', 'per minute')
const KG = unit(9529, 'kg', 'kilogram')
const CM = unit(8582, 'cm', 'centimeter')
const KG_M2 = unit(9531, 'kg/m2', 'kilogram per square meter')
const CELSIUS = unit(586323, 'Cel', 'degree Celsius')
const PERCENT = unit(8554, '%', 'percent')
const MG_DL = unit(8840, 'mg/dL', 'milligram per deciliter')
const MMOL_L = unit(8753, 'mmol/L', 'millimole per liter')
const G_DL = unit(8713, 'g/dL', 'gram per deciliter')
const PER_NL = unit(8848, '10*3/uL', 'thousand per microliter')
const U_L = unit(8645, 'U/L', 'unit per liter')
const MG_L = unit(8751, 'mg/L', 'milligram per liter')
const GFR_UNIT = unit(720870, 'mL/min/{1.73_m2}', 'milliliter per minute per 1.73 square meter')
const MIU_L = unit(9040, 'm[IU]/L', 'milli-international unit per liter')
const NG_ML = unit(8842, 'ng/mL', 'nanogram per milliliter')

export const UNITS: readonly Unit[] = [
  MMHG,
  PER_MINUTE,
  KG,
  CM,
  KG_M2,
  CELSIUS,
  PERCENT,
  MG_DL,
  MMOL_L,
  G_DL,
  PER_NL,
  U_L,
  MG_L,
  GFR_UNIT,
  MIU_L,
  NG_ML,
]

export interface MeasurementKind extends ConceptSeed {
  readonly unit: Unit
  /** Mean and standard deviation for a person. */
  readonly values: (patient: Patient) => readonly [mean: number, deviation: number]
  readonly lowest: number
  readonly highest: number
  /** Digits after the decimal point. */
  readonly digits: number
  /** The normal range of laboratories. */
  readonly normal?: readonly [low: number, high: number]
  /** Skewed to the right, like enzymes and hormones. `values` are then of the logarithm. */
  readonly skewed?: true
}

export const SYSTOLIC: MeasurementKind = {
  id: 3004249,
  name: 'Systolic blood pressure',
  unit: MMHG,
  values: ({ age, bmi, has }) => [
    (age < 18 ? 92 + age : 106 + age * 0.26) +
      (bmi - 26) * 0.5 +
      (has(CONDITION.hypertension) ? 14 : 0),
    13,
  ],
  lowest: 70,
  highest: 240,
  digits: 0,
}

export const DIASTOLIC: MeasurementKind = {
  id: 3012888,
  name: 'Diastolic blood pressure',
  unit: MMHG,
  values: ({ age, has }) => [
    (age < 18 ? 55 + age : 73 + (age > 60 ? -2 : 2)) + (has(CONDITION.hypertension) ? 8 : 0),
    9,
  ],
  lowest: 35,
  highest: 140,
  digits: 0,
}

export const BODY_MASS_INDEX: MeasurementKind = {
  id: 3038553,
  name: 'Body mass index',
  unit: KG_M2,
  values: ({ bmi }) => [bmi, 0.7],
  lowest: 12,
  highest: 70,
  digits: 1,
}

export const BODY_WEIGHT: MeasurementKind = {
  id: 3025315,
  name: 'Body weight',
  unit: KG,
  values: ({ bmi, age, female }) => [bmi * height(age, female) ** 2, 3],
  lowest: 2,
  highest: 250,
  digits: 1,
}

export const BODY_HEIGHT: MeasurementKind = {
  id: 3036277,
  name: 'Body height',
  unit: CM,
  values: ({ age, female }) => [100 * height(age, female), 6.5],
  lowest: 45,
  highest: 215,
  digits: 0,
}

export const HEART_RATE: MeasurementKind = {
  id: 3027018,
  name: 'Heart rate',
  unit: PER_MINUTE,
  values: ({ age, has }) => [
    (age < 12 ? 105 - age * 2 : 74) + (has(CONDITION.atrialFibrillation) ? 10 : 0),
    11,
  ],
  lowest: 38,
  highest: 190,
  digits: 0,
}

export const TEMPERATURE: MeasurementKind = {
  id: 3020891,
  name: 'Body temperature',
  unit: CELSIUS,
  values: () => [36.9, 0.55],
  lowest: 34,
  highest: 41.5,
  digits: 1,
}

export const HBA1C: MeasurementKind = {
  id: 3004410,
  name: 'Hemoglobin A1c share of hemoglobin in blood',
  unit: PERCENT,
  values: ({ has }) => {
    if (has(CONDITION.type1Diabetes)) return [8.1, 1.2]
    if (has(CONDITION.type2Diabetes)) return [7.4, 1.2]
    return has(CONDITION.impairedGlucoseTolerance) ? [6.1, 0.2] : [5.4, 0.3]
  },
  lowest: 4,
  highest: 15,
  digits: 1,
  normal: [4, 5.9],
}

export const GLUCOSE: MeasurementKind = {
  id: 3004501,
  name: 'Glucose mass in serum or plasma',
  unit: MG_DL,
  values: ({ has }) =>
    has(CONDITION.type2Diabetes) || has(CONDITION.type1Diabetes) ? [155, 42] : [94, 11],
  lowest: 40,
  highest: 500,
  digits: 0,
  normal: [70, 100],
}

const CREATININE: MeasurementKind = {
  id: 3016723,
  name: 'Creatinine mass in serum or plasma',
  unit: MG_DL,
  values: ({ age, female, has }) => {
    const base = (female ? 0.74 : 0.93) + Math.max(0, age - 50) * 0.003
    if (has(CONDITION.endStageRenalDisease)) return [6.2, 1.6]
    return has(CONDITION.chronicKidneyDisease) ? [base * 1.7, 0.35] : [base, 0.14]
  },
  lowest: 0.2,
  highest: 14,
  digits: 2,
  normal: [0.5, 1.2],
}

const GFR: MeasurementKind = {
  id: 46236952,
  name: 'Estimated glomerular filtration rate',
  unit: GFR_UNIT,
  values: ({ age, has }) => {
    if (has(CONDITION.endStageRenalDisease)) return [9, 3]
    return has(CONDITION.chronicKidneyDisease) ? [46, 11] : [Math.min(118, 128 - age * 0.75), 10]
  },
  lowest: 2,
  highest: 145,
  digits: 0,
  normal: [60, 120],
}

/** Measured together in a blood test. */
export const BLOOD_PANEL: readonly MeasurementKind[] = [
  CREATININE,
  GFR,
  {
    id: 3019550,
    name: 'Sodium in serum or plasma',
    unit: MMOL_L,
    values: () => [139.5, 2.6],
    lowest: 115,
    highest: 160,
    digits: 0,
    normal: [135, 145],
  },
  {
    id: 3023103,
    name: 'Potassium in serum or plasma',
    unit: MMOL_L,
    values: ({ has }) => [has(CONDITION.chronicKidneyDisease) ? 4.6 : 4.2, 0.4],
    lowest: 2.2,
    highest: 7.5,
    digits: 1,
    normal: [3.5, 5.1],
  },
  {
    id: 3000963,
    name: 'Hemoglobin mass in blood',
    unit: G_DL,
    values: ({ female, has }) => [
      (female ? 13.3 : 14.8) -
        (has(CONDITION.anaemia) || has(CONDITION.ironDeficiencyAnaemia) ? 3 : 0),
      1.1,
    ],
    lowest: 4,
    highest: 20,
    digits: 1,
    normal: [12, 17],
  },
  {
    id: 3000905,
    name: 'Leukocytes in blood',
    unit: PER_NL,
    values: () => [Math.log(7.1), 0.28],
    lowest: 0.5,
    highest: 90,
    digits: 1,
    normal: [4, 11],
    skewed: true,
  },
  {
    id: 3024929,
    name: 'Platelets in blood',
    unit: PER_NL,
    values: () => [255, 62],
    lowest: 10,
    highest: 900,
    digits: 0,
    normal: [150, 400],
  },
  {
    id: 3006923,
    name: 'Alanine aminotransferase activity in serum or plasma',
    unit: U_L,
    values: ({ has }) => [
      Math.log(has(CONDITION.fattyLiver) || has(CONDITION.liverCirrhosis) ? 52 : 23),
      0.45,
    ],
    lowest: 4,
    highest: 2500,
    digits: 0,
    normal: [7, 55],
    skewed: true,
  },
]

export const LIPIDS: readonly MeasurementKind[] = [
  {
    id: 3027114,
    name: 'Cholesterol mass in serum or plasma',
    unit: MG_DL,
    values: ({ has }) => [has(CONDITION.hyperlipidemia) ? 214 : 188, 34],
    lowest: 80,
    highest: 420,
    digits: 0,
    normal: [0, 200],
  },
  {
    id: 3007070,
    name: 'HDL cholesterol mass in serum or plasma',
    unit: MG_DL,
    values: ({ female }) => [female ? 60 : 49, 13],
    lowest: 15,
    highest: 130,
    digits: 0,
    normal: [40, 90],
  },
  {
    id: 3028437,
    name: 'LDL cholesterol mass in serum or plasma',
    unit: MG_DL,
    values: ({ has }) => [has(CONDITION.hyperlipidemia) ? 136 : 112, 30],
    lowest: 20,
    highest: 330,
    digits: 0,
    normal: [0, 130],
  },
  {
    id: 3022192,
    name: 'Triglyceride mass in serum or plasma',
    unit: MG_DL,
    values: ({ has, bmi }) => [
      Math.log((has(CONDITION.hyperlipidemia) ? 150 : 105) + (bmi - 26) * 2),
      0.42,
    ],
    lowest: 25,
    highest: 1800,
    digits: 0,
    normal: [0, 150],
    skewed: true,
  },
]

export const C_REACTIVE_PROTEIN: MeasurementKind = {
  id: 3020460,
  name: 'C reactive protein mass in serum or plasma',
  unit: MG_L,
  values: ({ has }) => [
    Math.log(has(CONDITION.rheumatoidArthritis) || has(CONDITION.crohnsDisease) ? 11 : 3),
    1,
  ],
  lowest: 0.1,
  highest: 450,
  digits: 1,
  normal: [0, 10],
  skewed: true,
}

export const THYROTROPIN: MeasurementKind = {
  id: 3009201,
  name: 'Thyrotropin in serum or plasma',
  unit: MIU_L,
  values: ({ has }) => [Math.log(has(CONDITION.hypothyroidism) ? 4.4 : 1.9), 0.55],
  lowest: 0.01,
  highest: 120,
  digits: 2,
  normal: [0.4, 4],
  skewed: true,
}

export const PROSTATE_ANTIGEN: MeasurementKind = {
  id: 3013603,
  name: 'Prostate specific antigen mass in serum or plasma',
  unit: NG_ML,
  values: ({ has }) => [Math.log(has(CONDITION.prostateCancer) ? 11 : 1.4), 0.8],
  lowest: 0.1,
  highest: 900,
  digits: 1,
  normal: [0, 4],
  skewed: true,
}

export const MEASUREMENT_KINDS: readonly MeasurementKind[] = [
  SYSTOLIC,
  DIASTOLIC,
  BODY_MASS_INDEX,
  BODY_WEIGHT,
  BODY_HEIGHT,
  HEART_RATE,
  TEMPERATURE,
  HBA1C,
  GLUCOSE,
  ...BLOOD_PANEL,
  ...LIPIDS,
  C_REACTIVE_PROTEIN,
  THYROTROPIN,
  PROSTATE_ANTIGEN,
]

/** Height in metres. Growth ends at 18. */
function height(age: number, female: boolean): number {
  const grown = female ? 1.63 : 1.77
  return age >= 18 ? grown : 0.5 + ((grown - 0.5) * Math.max(age, 0.5)) / 18
}

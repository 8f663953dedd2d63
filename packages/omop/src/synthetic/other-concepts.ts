import type { ConceptSeed } from './concept.ts'

export const MALE = 8507
export const FEMALE = 8532

export const GENDERS: readonly ConceptSeed[] = [
  { id: MALE, name: 'MALE' },
  { id: FEMALE, name: 'FEMALE' },
]

export const WHITE = 8527
export const BLACK = 8516
export const ASIAN = 8515
export const RACES: readonly ConceptSeed[] = [
  { id: WHITE, name: 'White' },
  { id: BLACK, name: 'Black or African American' },
  { id: ASIAN, name: 'Asian' },
  { id: 8557, name: 'Native Hawaiian or Other Pacific Islander' },
  { id: 8657, name: 'American Indian or Alaska Native' },
]

export const HISPANIC = 38003563
export const NOT_HISPANIC = 38003564
export const ETHNICITIES: readonly ConceptSeed[] = [
  { id: HISPANIC, name: 'Hispanic or Latino' },
  { id: NOT_HISPANIC, name: 'Not Hispanic or Latino' },
]

export const INPATIENT = 9201
export const OUTPATIENT = 9202
export const EMERGENCY = 9203
export const VISITS: readonly ConceptSeed[] = [
  { id: INPATIENT, name: 'Inpatient stay' },
  { id: OUTPATIENT, name: 'Outpatient visit' },
  { id: EMERGENCY, name: 'Emergency department visit' },
]

export const ENCOUNTER_DIAGNOSIS = 32020
export const PROBLEM_LIST = 32840
export const ENCOUNTER_RECORD = 32827
export const PRESCRIPTION = 32838
export const LABORATORY = 32856
export const SELF_REPORT = 32865
export const OBSERVATION_PERIOD_TYPE = 44814724
export const RECORD_TYPES: readonly ConceptSeed[] = [
  { id: ENCOUNTER_DIAGNOSIS, name: 'Diagnosis at an encounter' },
  { id: PROBLEM_LIST, name: 'Problem list entry' },
  { id: ENCOUNTER_RECORD, name: 'Record of an encounter' },
  { id: PRESCRIPTION, name: 'Prescription' },
  { id: LABORATORY, name: 'Laboratory result' },
  { id: SELF_REPORT, name: 'Reported by the patient' },
  { id: OBSERVATION_PERIOD_TYPE, name: 'Period covered by encounters' },
]

export const COLONOSCOPY = 4249893
export const CHEST_X_RAY = 4163872
export const ELECTROCARDIOGRAPHY = 4145308
export const ECHOCARDIOGRAPHY = 4230911
export const CORONARY_INTERVENTION = 4216130
export const CARDIOVERSION = 4078793
export const DIALYSIS = 4146536
export const CESAREAN = 4015701
export const FETAL_AUSCULTATION = 4075363
export const PHYSICAL_EXAMINATION = 4240345
export const BONE_DENSITY = 4195803
export const SPIROMETRY = 4133840
export const MAMMOGRAPHY = 4324693
export const APPENDECTOMY = 4198190
export const BONE_IMMOBILIZATION = 4170947
export const HIP_REPLACEMENT = 4203771
export const CATARACT_SURGERY = 4049832
export const COMPUTED_TOMOGRAPHY = 4300757
export const MAGNETIC_RESONANCE = 4013636
export const THERAPY = 4043071
export const CHEMOTHERAPY = 4273629
export const WOUND_SUTURE = 4125906
export const PROCEDURES: readonly ConceptSeed[] = [
  { id: COLONOSCOPY, name: 'Colonoscopy' },
  { id: CHEST_X_RAY, name: 'Plain X-ray of chest' },
  { id: ELECTROCARDIOGRAPHY, name: 'Electrocardiography' },
  { id: ECHOCARDIOGRAPHY, name: 'Echocardiography' },
  { id: CORONARY_INTERVENTION, name: 'Percutaneous coronary intervention' },
  { id: CARDIOVERSION, name: 'Direct current cardioversion' },
  { id: DIALYSIS, name: 'Renal dialysis' },
  { id: CESAREAN, name: 'Cesarean section' },
  { id: FETAL_AUSCULTATION, name: 'Auscultation of the fetal heart' },
  { id: PHYSICAL_EXAMINATION, name: 'Physical examination' },
  { id: BONE_DENSITY, name: 'Bone density scan' },
  { id: SPIROMETRY, name: 'Spirometry' },
  { id: MAMMOGRAPHY, name: 'Mammography' },
  { id: APPENDECTOMY, name: 'Appendectomy' },
  { id: BONE_IMMOBILIZATION, name: 'Bone immobilization' },
  { id: HIP_REPLACEMENT, name: 'Replacement of hip joint' },
  { id: CATARACT_SURGERY, name: 'Cataract surgery' },
  { id: COMPUTED_TOMOGRAPHY, name: 'Computed tomography' },
  { id: MAGNETIC_RESONANCE, name: 'Magnetic resonance imaging' },
  { id: THERAPY, name: 'Cognitive and behavioral therapy' },
  { id: CHEMOTHERAPY, name: 'Chemotherapy' },
  { id: WOUND_SUTURE, name: 'Suture of open wound' },
]

/** Observations with a concept as value, `value_as_concept_id`. */
export const TOBACCO_USE = 4275495
export const NEVER_SMOKED = 4144272
export const FORMER_SMOKER = 4310250
export const SMOKER = 4298794
/** Observations with a number as value, `value_as_number`. */
export const ALCOHOL_UNITS = 4035527
export const PAIN_SCORE = 43055141
export const OBESITY_FINDING = 4060985
export const FAMILY_HISTORY = 4167217
export const ALLERGIES: readonly ConceptSeed[] = [
  { id: 4306014, name: 'Allergy to tree pollen' },
  { id: 4302207, name: 'Allergy to grass pollen' },
  { id: 4048169, name: 'Allergy to dust mite' },
  { id: 439406, name: 'Allergy to animal dander' },
  { id: 4304110, name: 'Allergy to mold' },
  { id: 433644, name: 'Allergy to shellfish' },
  { id: 4240902, name: 'Allergy to peanut' },
  { id: 4174876, name: 'Allergy to bee venom' },
  { id: 438614, name: 'Allergy to nut' },
  { id: 4102123, name: 'Allergy to latex' },
]
export const OBSERVATIONS: readonly ConceptSeed[] = [
  { id: TOBACCO_USE, name: 'Tobacco smoking behavior' },
  { id: NEVER_SMOKED, name: 'Never smoked tobacco' },
  { id: FORMER_SMOKER, name: 'Former smoker' },
  { id: SMOKER, name: 'Smoker' },
  { id: ALCOHOL_UNITS, name: 'Alcohol units a week' },
  { id: PAIN_SCORE, name: 'Pain severity from 0 to 10' },
  { id: OBESITY_FINDING, name: 'Body mass index 30 or more' },
  { id: FAMILY_HISTORY, name: 'Family history of a clinical finding' },
  ...ALLERGIES,
]

export const BLOOD_SPECIMEN = 4001225
export const URINE_SPECIMEN = 4046280
export const TISSUE_SPECIMEN = 4048506
export const SPECIMENS: readonly ConceptSeed[] = [
  { id: BLOOD_SPECIMEN, name: 'Blood specimen' },
  { id: URINE_SPECIMEN, name: 'Urine specimen' },
  { id: TISSUE_SPECIMEN, name: 'Specimen of tissue' },
  { id: 4188549, name: 'Breast material from incisional biopsy' },
]
export const BREAST_BIOPSY = 4188549

export const UNITED_KINGDOM = 42035286
export const GEOGRAPHY: readonly ConceptSeed[] = [
  { id: UNITED_KINGDOM, name: 'United Kingdom of Great Britain and Northern Ireland' },
]

import { CONDITION } from './condition-ids.ts'
import type { ConceptSeed } from './concept.ts'

/** A field of medicine. Hospitals differ in how many patients each field has. */
export type Specialty =
  | 'cardiac'
  | 'metabolic'
  | 'respiratory'
  | 'mental'
  | 'neuro'
  | 'cancer'
  | 'musculoskeletal'
  | 'digestive'
  | 'renal'
  | 'skin'
  | 'eye'
  | 'pregnancy'
  | 'infection'
  | 'injury'
  | 'rare'

export interface ChronicCondition extends ConceptSeed {
  readonly specialty: Specialty
  /** Share of people who have it, at the ages at which it is most common. */
  readonly share: number
  /** Ages in years: `from` when it occurs, and from `full` on it is as common as `share`. */
  readonly from: number
  readonly full: number
  /** Above this age it is rare. For diseases of young people. */
  readonly until?: number
  readonly sex?: 'female' | 'male'
  /** How many times as common it is in people with one of these conditions, which come earlier in the list. */
  readonly with?: readonly (readonly [conceptId: number, times: number])[]
  /** Only in people who have one of the conditions in `with`. */
  readonly onlyWith?: true
  /** How many times as common it is in people of this race, relative to all others. */
  readonly race?: readonly [conceptId: number, times: number]
  /** Ingredients that treat it, the most common first. */
  readonly drugs?: readonly number[]
}

type Rest = Omit<
  ChronicCondition,
  'id' | 'name' | 'parent' | 'specialty' | 'share' | 'from' | 'full'
>

function chronic(
  specialty: Specialty,
  id: number,
  name: string,
  parent: number,
  share: number,
  [from, full]: readonly [number, number],
  rest: Rest = {},
): ChronicCondition {
  return { specialty, id, name, parent, share, from, full, ...rest }
}

const HEART = 134057
const LUNG = 320136
const NERVES = 376337
const BONES = 4244662
const GUT = 4201745
const HORMONES = 31821
const MIND = 432586
const CANCER = 443392
const URINARY = 4171379
const SKIN = 4317258
const FINDING = 441840
const HYPERTENSIVE = 316866
const DIABETES = 201820
const ANAEMIA = CONDITION.anaemia

/** Headings of the hierarchy: ancestors of recorded conditions, but never recorded themselves. */
export const CONDITION_GROUPS: readonly ConceptSeed[] = [
  { id: FINDING, name: 'Clinical finding' },
  { id: HEART, name: 'Disorder of heart and vessels', parent: FINDING },
  { id: LUNG, name: 'Disorder of the airways and lungs', parent: FINDING },
  { id: NERVES, name: 'Disorder of the nervous system', parent: FINDING },
  { id: BONES, name: 'Disorder of muscles, bones and joints', parent: FINDING },
  { id: GUT, name: 'Disorder of the digestive system', parent: FINDING },
  { id: HORMONES, name: 'Disorder of hormones and metabolism', parent: FINDING },
  { id: MIND, name: 'Mental disorder', parent: FINDING },
  { id: CANCER, name: 'Malignant tumour', parent: FINDING },
  { id: URINARY, name: 'Disorder of kidneys and urinary tract', parent: FINDING },
  { id: SKIN, name: 'Disorder of the skin', parent: FINDING },
  { id: HYPERTENSIVE, name: 'Hypertensive disorder', parent: HEART },
  { id: DIABETES, name: 'Diabetes mellitus', parent: HORMONES },
]

/** Chronic conditions, in the order in which they are drawn: conditions on which others depend come first. */
export const CHRONIC_CONDITIONS: readonly ChronicCondition[] = [
  chronic('metabolic', 433736, 'Obesity', HORMONES, 0.26, [8, 45]),
  chronic('cardiac', 320128, 'Essential hypertension', HYPERTENSIVE, 0.48, [25, 70], {
    with: [[CONDITION.obesity, 1.6]],
    drugs: [1332418, 1334456, 1367500, 974166, 1338005],
  }),
  chronic('metabolic', 201826, 'Type 2 diabetes mellitus', DIABETES, 0.13, [25, 65], {
    with: [
      [CONDITION.obesity, 2.6],
      [CONDITION.hypertension, 1.3],
    ],
    drugs: [1503297, 19059796, 45774751, 1502905],
  }),
  chronic('metabolic', 201254, 'Type 1 diabetes mellitus', DIABETES, 0.005, [4, 14], {
    drugs: [1502905, 1596977],
  }),
  chronic('metabolic', 432867, 'Hyperlipidemia', HORMONES, 0.3, [25, 65], {
    with: [
      [CONDITION.obesity, 1.3],
      [CONDITION.type2Diabetes, 1.7],
    ],
    drugs: [1545958, 1539403],
  }),
  chronic('metabolic', 4311629, 'Impaired glucose tolerance', HORMONES, 0.09, [25, 60], {
    with: [[CONDITION.obesity, 2]],
  }),
  chronic('metabolic', 140673, 'Hypothyroidism', HORMONES, 0.05, [15, 60], { drugs: [1501700] }),
  chronic('respiratory', 257007, 'Allergic rhinitis', LUNG, 0.13, [3, 15], {
    drugs: [1149196, 1107830],
  }),
  chronic('respiratory', 317009, 'Asthma', LUNG, 0.11, [2, 12], {
    with: [[CONDITION.allergicRhinitis, 1.8]],
    drugs: [1154343, 939259, 1149380],
  }),
  chronic('respiratory', 255573, 'Chronic obstructive pulmonary disease', LUNG, 0.08, [38, 70], {
    drugs: [1106776, 1154343, 1137529],
  }),
  chronic('respiratory', 313459, 'Sleep apnea', LUNG, 0.04, [25, 55], {
    with: [[CONDITION.obesity, 3]],
  }),
  chronic('respiratory', 257012, 'Chronic sinusitis', LUNG, 0.06, [10, 40]),
  chronic('cardiac', 317576, 'Coronary arteriosclerosis', HEART, 0.14, [40, 75], {
    with: [
      [CONDITION.hypertension, 1.4],
      [CONDITION.type2Diabetes, 1.6],
      [CONDITION.hyperlipidemia, 1.4],
    ],
    drugs: [1112807, 1545958, 1338005],
  }),
  chronic('cardiac', 4329847, 'Myocardial infarction', HEART, 0.05, [40, 75], {
    with: [
      [CONDITION.coronaryArteryDisease, 3],
      [CONDITION.hypertension, 1.3],
    ],
    drugs: [1112807, 1322184, 1338005],
  }),
  chronic('cardiac', 313217, 'Atrial fibrillation', HEART, 0.11, [50, 82], {
    with: [[CONDITION.hypertension, 1.4]],
    drugs: [43013024, 1310149, 1338005, 1326303],
  }),
  chronic('cardiac', 316139, 'Heart failure', HEART, 0.08, [50, 82], {
    with: [
      [CONDITION.myocardialInfarction, 3],
      [CONDITION.coronaryArteryDisease, 1.5],
    ],
    drugs: [956874, 1334456, 1338005],
  }),
  chronic('cardiac', 381316, 'Cerebrovascular accident', HEART, 0.06, [45, 80], {
    with: [
      [CONDITION.atrialFibrillation, 2],
      [CONDITION.hypertension, 1.4],
    ],
    drugs: [1322184, 1545958],
  }),
  chronic('cardiac', 321052, 'Peripheral vascular disease', HEART, 0.05, [45, 75], {
    with: [[CONDITION.type2Diabetes, 2]],
    drugs: [1322184],
  }),
  chronic('cardiac', 321319, 'Cardiomyopathy', HEART, 0.008, [30, 65]),
  chronic('cardiac', 4133004, 'Deep venous thrombosis', HEART, 0.012, [20, 70], {
    drugs: [43013024, 40241331],
  }),
  chronic('cardiac', 440417, 'Pulmonary embolism', HEART, 0.008, [20, 70], {
    with: [[CONDITION.deepVenousThrombosis, 8]],
    drugs: [40241331],
  }),
  chronic('renal', 46271022, 'Chronic kidney disease', URINARY, 0.13, [35, 80], {
    with: [
      [CONDITION.type2Diabetes, 1.8],
      [CONDITION.hypertension, 1.4],
    ],
    drugs: [1334456],
  }),
  chronic('renal', 193782, 'End-stage renal disease', 46271022, 0.03, [30, 60], {
    with: [[CONDITION.chronicKidneyDisease, 1]],
    onlyWith: true,
  }),
  chronic('metabolic', 192279, 'Kidney disorder caused by diabetes', DIABETES, 0.09, [30, 60], {
    with: [
      [CONDITION.type2Diabetes, 1],
      [CONDITION.type1Diabetes, 1],
    ],
    onlyWith: true,
  }),
  chronic('eye', 4174977, 'Retinopathy caused by diabetes', DIABETES, 0.16, [30, 60], {
    with: [
      [CONDITION.type2Diabetes, 1],
      [CONDITION.type1Diabetes, 1.5],
    ],
    onlyWith: true,
  }),
  chronic('renal', 198803, 'Benign enlargement of the prostate', URINARY, 0.24, [45, 80], {
    sex: 'male',
    drugs: [924566],
  }),
  chronic('renal', 201620, 'Kidney stone', URINARY, 0.03, [20, 50]),
  chronic('metabolic', 439777, 'Anemia', HORMONES, 0.05, [12, 75]),
  chronic('metabolic', 436659, 'Iron deficiency anemia', ANAEMIA, 0.04, [12, 40], {
    with: [[CONDITION.anaemia, 5]],
    drugs: [1396131],
  }),
  chronic('metabolic', 440674, 'Gout', BONES, 0.04, [30, 65], { drugs: [1167322] }),
  chronic('mental', 440383, 'Depressive disorder', MIND, 0.17, [13, 35], {
    drugs: [739138, 797617, 755695],
  }),
  chronic('mental', 442077, 'Anxiety disorder', MIND, 0.14, [12, 30], {
    with: [[CONDITION.depression, 2.4]],
    drugs: [739138],
  }),
  chronic('mental', 436962, 'Insomnia', MIND, 0.06, [18, 50], {
    with: [[CONDITION.depression, 2]],
  }),
  chronic('mental', 436665, 'Bipolar disorder', MIND, 0.011, [17, 35], { drugs: [785788] }),
  chronic('mental', 435783, 'Schizophrenia', MIND, 0.006, [17, 32], { drugs: [785788] }),
  chronic('mental', 438409, 'Attention deficit hyperactivity disorder', MIND, 0.04, [6, 12], {
    until: 40,
  }),
  chronic('mental', 439776, 'Autistic disorder', MIND, 0.015, [3, 8], { until: 40 }),
  chronic('mental', 435243, 'Alcohol dependence', MIND, 0.025, [18, 45]),
  chronic('neuro', 318736, 'Migraine', NERVES, 0.1, [12, 35], { drugs: [1118640] }),
  chronic('neuro', 380378, 'Epilepsy', NERVES, 0.011, [2, 20], { drugs: [711584, 705103] }),
  chronic('neuro', 4182210, 'Dementia', NERVES, 0.17, [65, 88], { drugs: [715997] }),
  chronic('neuro', 378419, "Alzheimer's disease", CONDITION.dementia, 0.5, [65, 85], {
    with: [[CONDITION.dementia, 1]],
    onlyWith: true,
    drugs: [715997],
  }),
  chronic('neuro', 381270, "Parkinson's disease", NERVES, 0.015, [55, 80], { drugs: [789578] }),
  chronic('neuro', 436096, 'Chronic pain', NERVES, 0.07, [25, 60], { drugs: [797399, 1201620] }),
  chronic('musculoskeletal', 80180, 'Osteoarthritis', BONES, 0.26, [40, 75], {
    drugs: [1125315, 1177480],
  }),
  chronic('musculoskeletal', 194133, 'Low back pain', BONES, 0.16, [18, 50], {
    drugs: [1177480, 1115008],
  }),
  chronic('musculoskeletal', 80502, 'Osteoporosis', BONES, 0.12, [50, 82], {
    drugs: [1557272, 19095164],
  }),
  chronic('musculoskeletal', 80809, 'Rheumatoid arthritis', BONES, 0.01, [25, 65], {
    drugs: [1305058, 1119119],
  }),
  chronic('digestive', 318800, 'Gastroesophageal reflux disease', GUT, 0.14, [20, 60], {
    drugs: [923645],
  }),
  chronic('digestive', 75576, 'Irritable bowel syndrome', GUT, 0.07, [16, 40]),
  chronic('digestive', 4285898, 'Polyp of colon', GUT, 0.1, [45, 75]),
  chronic('digestive', 4059290, 'Steatosis of liver', GUT, 0.06, [25, 60], {
    with: [[CONDITION.obesity, 3]],
  }),
  chronic('digestive', 196456, 'Gallstone', GUT, 0.05, [25, 70]),
  chronic('digestive', 81893, 'Ulcerative colitis', GUT, 0.006, [15, 40], { drugs: [968426] }),
  chronic('digestive', 201606, "Crohn's disease", GUT, 0.005, [14, 35], { drugs: [1119119] }),
  chronic('digestive', 194992, 'Celiac disease', GUT, 0.009, [3, 30]),
  chronic('digestive', 4064161, 'Cirrhosis of liver', GUT, 0.006, [35, 65], {
    with: [[CONDITION.alcoholDependence, 12]],
  }),
  chronic('skin', 133834, 'Atopic dermatitis', SKIN, 0.09, [1, 4], {
    with: [[CONDITION.asthma, 1.6]],
    drugs: [975125],
  }),
  chronic('skin', 141095, 'Acne', SKIN, 0.16, [12, 16], { until: 30, drugs: [1738521] }),
  chronic('skin', 140168, 'Psoriasis', SKIN, 0.025, [15, 45], { drugs: [975125] }),
  chronic('eye', 375545, 'Cataract', FINDING, 0.3, [50, 82]),
  chronic('eye', 437541, 'Glaucoma', FINDING, 0.05, [45, 80], { drugs: [954688] }),
  chronic('cancer', 4112853, 'Malignant tumour of breast', CANCER, 0.04, [35, 70], {
    sex: 'female',
    drugs: [1436678, 1348265],
  }),
  chronic('cancer', 4163261, 'Malignant tumour of prostate', CANCER, 0.06, [50, 80], {
    sex: 'male',
  }),
  chronic('cancer', 4180790, 'Malignant tumour of colon', CANCER, 0.013, [45, 80], {
    with: [[CONDITION.colonPolyp, 3]],
  }),
  chronic('cancer', 443388, 'Malignant tumour of lung', CANCER, 0.011, [45, 78], {
    with: [[CONDITION.copd, 3]],
  }),
  chronic('cancer', 141232, 'Malignant melanoma', CANCER, 0.007, [25, 70]),
  chronic('cancer', 432571, 'Malignant lymphoma', CANCER, 0.005, [25, 75]),
  chronic('infection', 439727, 'Human immunodeficiency virus infection', FINDING, 0.003, [20, 45]),
  chronic('infection', 198964, 'Chronic hepatitis C', GUT, 0.003, [22, 55]),
]

const rare = (
  id: number,
  name: string,
  parent: number,
  perHundredThousand: number,
  ages: readonly [number, number],
  rest: Rest = {},
): ChronicCondition =>
  // The rates are for the whole population, of which about half is in the age range.
  chronic('rare', id, name, parent, (2 * perHundredThousand) / 100_000, ages, rest)

/** 50 to 500 cases in 100,000: a small hospital has so few that their counts are suppressed. */
export const RARE_CONDITIONS: readonly ChronicCondition[] = [
  rare(374919, 'Multiple sclerosis', NERVES, 220, [20, 45], { drugs: [722424] }),
  rare(437082, 'Ankylosing spondylitis', BONES, 300, [18, 40], { drugs: [1119119] }),
  rare(257628, 'Systemic lupus erythematosus', BONES, 120, [16, 45], { drugs: [1777087] }),
  rare(438688, 'Sarcoidosis', LUNG, 160, [22, 50], { drugs: [1550557] }),
  rare(254443, "Sjögren's syndrome", BONES, 200, [30, 60]),
  rare(134442, 'Systemic sclerosis', BONES, 60, [30, 60]),
  rare(76685, 'Myasthenia gravis', NERVES, 60, [25, 65], { drugs: [759740] }),
  rare(374631, 'Motor neuron disease', NERVES, 55, [45, 75]),
  rare(374341, "Huntington's disease", NERVES, 50, [30, 55]),
  rare(4164770, 'Guillain-Barré syndrome', NERVES, 55, [15, 65]),
  rare(441267, 'Cystic fibrosis', LUNG, 60, [0, 2], { until: 45 }),
  rare(22281, 'Sickle cell disease', HORMONES, 60, [0, 2], { race: [8516, 20] }),
  rare(4322024, 'Pulmonary hypertension', HEART, 150, [35, 70]),
  rare(437233, 'Multiple myeloma', CANCER, 110, [50, 80]),
  rare(317510, 'Leukemia', CANCER, 240, [2, 70]),
  rare(197508, 'Malignant tumour of bladder', CANCER, 350, [50, 80]),
  rare(192675, 'Biliary cirrhosis', GUT, 70, [35, 65]),
  rare(439674, 'Chronic hepatitis B', GUT, 260, [15, 45]),
  rare(434557, 'Tuberculosis', LUNG, 80, [10, 60]),
  rare(195212, 'Hypercortisolism', HORMONES, 50, [25, 55]),
]

export interface AcuteCondition extends ConceptSeed {
  readonly specialty: Specialty
  readonly drugs?: readonly number[]
  /** Whether it occurs mostly in old age. */
  readonly old?: true
  /** Shares of the cases that go to the emergency department, and that are admitted. */
  readonly emergency?: number
  readonly admitted?: number
}

const acute = (
  specialty: Specialty,
  id: number,
  name: string,
  parent: number,
  rest: Omit<AcuteCondition, 'id' | 'name' | 'parent' | 'specialty'> = {},
): AcuteCondition => ({ specialty, id, name, parent, ...rest })

/** Acute conditions, the most common first. */
export const ACUTE_CONDITIONS: readonly AcuteCondition[] = [
  acute('respiratory', 40481087, 'Viral sinusitis', LUNG),
  acute('respiratory', 4112343, 'Acute viral pharyngitis', LUNG),
  acute('respiratory', 260139, 'Acute bronchitis', LUNG, { drugs: [1713332, 1154343] }),
  acute('respiratory', 254761, 'Cough', LUNG),
  acute('renal', 81902, 'Urinary tract infectious disease', URINARY, { drugs: [1705674, 920293] }),
  acute('infection', 437663, 'Fever', FINDING, { drugs: [1125315], emergency: 0.2 }),
  acute('digestive', 200219, 'Abdominal pain', GUT, { emergency: 0.3 }),
  acute('neuro', 378253, 'Headache', NERVES, { drugs: [1125315] }),
  acute('infection', 372328, 'Otitis media', FINDING, { drugs: [1713332] }),
  acute('infection', 28060, 'Streptococcal sore throat', LUNG, { drugs: [1729720] }),
  acute('digestive', 196523, 'Diarrhea', GUT),
  acute('infection', 4266367, 'Influenza', LUNG, { emergency: 0.1, admitted: 0.03 }),
  acute('infection', 37311061, 'COVID-19', LUNG, { emergency: 0.1, admitted: 0.05 }),
  acute('cardiac', 77670, 'Chest pain', HEART, { old: true, emergency: 0.6, admitted: 0.2 }),
  acute('injury', 81151, 'Sprain of ankle', BONES, { drugs: [1177480], emergency: 0.5 }),
  acute('digestive', 75860, 'Constipation', GUT, { old: true }),
  acute('respiratory', 312437, 'Dyspnea', LUNG, { old: true, emergency: 0.5, admitted: 0.2 }),
  acute('neuro', 4223938, 'Dizziness', NERVES, { old: true }),
  acute('respiratory', 4283893, 'Sinusitis', LUNG, { drugs: [1738521] }),
  acute('mental', 4223659, 'Fatigue', FINDING),
  acute('respiratory', 255848, 'Pneumonia', LUNG, {
    old: true,
    drugs: [1713332, 1734104],
    emergency: 0.4,
    admitted: 0.35,
  }),
  acute('injury', 4113008, 'Laceration of hand', BONES, { emergency: 0.8 }),
  acute('injury', 78272, 'Sprain of wrist', BONES, { emergency: 0.5 }),
  acute('injury', 378001, 'Concussion with no loss of consciousness', NERVES, { emergency: 0.8 }),
  acute('injury', 4278672, 'Fracture of forearm', BONES, {
    drugs: [1125315, 1201620],
    emergency: 0.9,
    admitted: 0.1,
  }),
  acute('injury', 4218389, 'Whiplash injury to neck', BONES, { emergency: 0.6 }),
  acute('digestive', 440448, 'Appendicitis', GUT, { emergency: 0.2, admitted: 0.8 }),
  acute('renal', 197320, 'Acute renal failure', URINARY, {
    old: true,
    emergency: 0.2,
    admitted: 0.75,
  }),
  acute('digestive', 192671, 'Gastrointestinal hemorrhage', GUT, {
    old: true,
    emergency: 0.2,
    admitted: 0.75,
  }),
  acute('infection', 132797, 'Sepsis', FINDING, { old: true, drugs: [1734104], admitted: 1 }),
  acute('digestive', 4192640, 'Pancreatitis', GUT, { admitted: 0.9 }),
  acute('injury', 441202, 'Anaphylaxis', FINDING, { drugs: [1343916], emergency: 0.9 }),
]

/** Caused by falls in old age. Hip replacements depend on it. */
export const HIP_FRACTURE = acute('injury', 4230399, 'Closed fracture of hip', BONES, {
  drugs: [1125315, 1110410],
  admitted: 1,
})

export const PREGNANCY = acute('pregnancy', 4217975, 'Normal pregnancy', FINDING)
export const PREGNANCY_COMPLICATIONS: readonly AcuteCondition[] = [
  acute('pregnancy', 4024659, 'Gestational diabetes mellitus', HORMONES, { drugs: [1503297] }),
  acute('pregnancy', 439393, 'Pre-eclampsia', HYPERTENSIVE, { admitted: 0.5 }),
  acute('pregnancy', 4078393, 'Miscarriage in first trimester', FINDING, { emergency: 0.4 }),
]

import { CONDITION } from './condition-ids.ts'
import {
  BLOOD_PANEL,
  BODY_HEIGHT,
  BODY_MASS_INDEX,
  BODY_WEIGHT,
  C_REACTIVE_PROTEIN,
  DIASTOLIC,
  GLUCOSE,
  HBA1C,
  HEART_RATE,
  LIPIDS,
  PROSTATE_ANTIGEN,
  SYSTOLIC,
  TEMPERATURE,
  THYROTROPIN,
  type MeasurementKind,
} from './measurements.ts'
import {
  ALCOHOL_UNITS,
  ALLERGIES,
  BLOOD_SPECIMEN,
  BREAST_BIOPSY,
  ENCOUNTER_RECORD,
  FAMILY_HISTORY,
  FORMER_SMOKER,
  LABORATORY,
  NEVER_SMOKED,
  OBESITY_FINDING,
  PAIN_SCORE,
  PHYSICAL_EXAMINATION,
  SELF_REPORT,
  SMOKER,
  TISSUE_SPECIMEN,
  TOBACCO_USE,
  URINE_SPECIMEN,
} from './other-concepts.ts'
import type { Contact, ExaminedPatient } from './patient.ts'
import { Weighted } from './random.ts'

const ALLERGY = Weighted.zipf(ALLERGIES.map(({ id }) => id))
const SMOKING = new Weighted([
  [NEVER_SMOKED, 56],
  [FORMER_SMOKER, 27],
  [SMOKER, 17],
])

/** Writes the measurements, observations and specimens of a person. */
export function writeExaminations(person: ExaminedPatient): void {
  for (const contact of person.contacts) {
    writeVitalSigns(person, contact)
    if (person.random.chance(person.population.profile.laboratory)) writeBloodTest(person, contact)
  }
  writeObservations(person)
  writeBiopsies(person)
}

function writeVitalSigns(person: ExaminedPatient, contact: Contact): void {
  const { random, age } = person
  if (random.chance(0.06)) {
    person.addRow('procedure_occurrence', PHYSICAL_EXAMINATION, contact.day, ENCOUNTER_RECORD, 1)
  }
  if (age >= 12 && random.chance(0.4)) {
    measure(person, SYSTOLIC, contact)
    measure(person, DIASTOLIC, contact)
  }
  if (random.chance(0.15)) {
    measure(person, BODY_WEIGHT, contact)
    if (age >= 2) measure(person, BODY_MASS_INDEX, contact)
    if (random.chance(0.4)) measure(person, BODY_HEIGHT, contact)
  }
  if (random.chance(0.12)) measure(person, HEART_RATE, contact)
  if (random.chance(0.06)) measure(person, TEMPERATURE, contact)
}

function writeBloodTest(person: ExaminedPatient, contact: Contact): void {
  const { random } = person
  for (const kind of BLOOD_PANEL) if (random.chance(0.7)) measure(person, kind, contact)
  const diabetic =
    person.has(CONDITION.type2Diabetes) ||
    person.has(CONDITION.type1Diabetes) ||
    person.has(CONDITION.impairedGlucoseTolerance)
  if (random.chance(diabetic ? 0.9 : 0.12)) measure(person, HBA1C, contact)
  if (random.chance(diabetic ? 0.6 : 0.25)) measure(person, GLUCOSE, contact)
  if (random.chance(person.has(CONDITION.hyperlipidemia) ? 0.6 : 0.12)) {
    for (const kind of LIPIDS) measure(person, kind, contact)
  }
  if (random.chance(0.2)) measure(person, C_REACTIVE_PROTEIN, contact)
  if (random.chance(person.has(CONDITION.hypothyroidism) ? 0.7 : 0.08))
    measure(person, THYROTROPIN, contact)
  if (
    !person.female &&
    person.age >= 50 &&
    random.chance(person.has(CONDITION.prostateCancer) ? 0.8 : 0.1)
  ) {
    measure(person, PROSTATE_ANTIGEN, contact)
  }
  if (random.chance(person.population.profile.biobank)) {
    const specimen = random.chance(0.85) ? BLOOD_SPECIMEN : URINE_SPECIMEN
    person.addRow('specimen', specimen, LABORATORY, contact.day, random.between(1, 4))
  }
}

function measure(person: ExaminedPatient, kind: MeasurementKind, contact: Contact): void {
  const [mean, deviation] = kind.values(person)
  const drawn = person.random.normal(mean, deviation)
  const value = Math.min(kind.highest, Math.max(kind.lowest, kind.skewed ? Math.exp(drawn) : drawn))
  // A few measurements have no value, to test rules that match any result.
  const recorded = person.random.chance(0.985) ? Number(value.toFixed(kind.digits)) : null
  person.addRow(
    'measurement',
    kind.id,
    contact.day,
    kind.normal === undefined ? ENCOUNTER_RECORD : LABORATORY,
    recorded,
    kind.unit.id,
    kind.normal?.[0] ?? null,
    kind.normal?.[1] ?? null,
    contact.visit,
    kind.unit.code,
  )
}

function writeObservations(person: ExaminedPatient): void {
  const { random, age } = person
  const observe = (concept: number, value: number | null, valueConcept: number | null): void => {
    const type = random.chance(0.7) ? ENCOUNTER_RECORD : SELF_REPORT
    person.addRow('observation', concept, person.anyDay(), type, value, valueConcept)
  }
  if (age >= 15 && random.chance(0.7)) {
    const smoking = random.pick(SMOKING)
    observe(TOBACCO_USE, null, smoking)
    if (smoking !== NEVER_SMOKED) observe(smoking, null, null)
  }
  if (age >= 16 && random.chance(0.4)) {
    observe(ALCOHOL_UNITS, Math.floor(Math.max(0, random.normal(person.female ? 6 : 10, 8))), null)
  }
  if (
    person.has(CONDITION.chronicPain) ||
    person.has(CONDITION.osteoarthritis) ||
    person.has(CONDITION.lowBackPain)
  ) {
    const count = random.occurrences(1.2, 6)
    for (let i = 0; i < count; i++) {
      observe(PAIN_SCORE, Math.min(10, Math.max(0, Math.round(random.normal(5, 2)))), null)
    }
  }
  if (person.has(CONDITION.obesity) && random.chance(0.7)) observe(OBESITY_FINDING, null, null)
  if (random.chance(0.12)) observe(FAMILY_HISTORY, null, null)
  const allergic = person.has(CONDITION.allergicRhinitis) || person.has(CONDITION.asthma)
  if (random.chance(allergic ? 0.55 : 0.09)) {
    const first = random.pick(ALLERGY)
    const second = random.pick(ALLERGY)
    observe(first, null, null)
    if (second !== first && random.chance(0.4)) observe(second, null, null)
  }
}

/** Writes tissue specimens of tumours. A biobank keeps more of them. */
function writeBiopsies(person: ExaminedPatient): void {
  const { random } = person
  const kept = Math.min(1, 0.3 + person.population.profile.biobank)
  if (person.has(CONDITION.breastCancer) && random.chance(kept)) {
    person.addRow('specimen', BREAST_BIOPSY, LABORATORY, person.anyDay(), 1)
  }
  const others = [
    CONDITION.prostateCancer,
    CONDITION.colonCancer,
    CONDITION.lungCancer,
    CONDITION.melanoma,
    CONDITION.lymphoma,
  ]
  if (others.some((id) => person.has(id)) && random.chance(kept)) {
    person.addRow('specimen', TISSUE_SPECIMEN, LABORATORY, person.anyDay(), 1)
  }
}

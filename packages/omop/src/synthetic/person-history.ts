import { isoDate } from '../cdm-date.ts'
import type { CdmValue } from '../row-batch.ts'
import { CONDITION } from './condition-ids.ts'
import {
  ACUTE_CONDITIONS,
  CHRONIC_CONDITIONS,
  HIP_FRACTURE,
  PREGNANCY,
  PREGNANCY_COMPLICATIONS,
  RARE_CONDITIONS,
  type AcuteCondition,
  type ChronicCondition,
} from './conditions.ts'
import { DRUGS, INFLUENZA_VACCINE, type Drug } from './drugs.ts'
import { writeExaminations } from './examinations.ts'
import {
  CESAREAN,
  EMERGENCY,
  ENCOUNTER_DIAGNOSIS,
  ENCOUNTER_RECORD,
  FEMALE,
  FETAL_AUSCULTATION,
  HISPANIC,
  INPATIENT,
  MALE,
  NOT_HISPANIC,
  OBSERVATION_PERIOD_TYPE,
  OUTPATIENT,
  PRESCRIPTION,
  PROBLEM_LIST,
} from './other-concepts.ts'
import type { Contact, ExaminedPatient, Population } from './patient.ts'
import { PROCEDURES_FOR, SCREENINGS } from './procedure-rules.ts'
import { Weighted, type Random } from './random.ts'
import type { SyntheticTables } from './synthetic-tables.ts'

const DAYS_PER_YEAR = 365.25
const CHRONIC = [...CHRONIC_CONDITIONS, ...RARE_CONDITIONS]
const ACUTE = Weighted.zipf(ACUTE_CONDITIONS, 1.15)
const DRUG_BY_ID = new Map(DRUGS.map((drug) => [drug.id, drug]))
/** Weights by the number of drugs for a condition: most people get the first one. */
const DRUG_CHOICE = [1, 2, 3, 4, 5].map((count) =>
  Weighted.zipf(Array.from({ length: count }, (_, index) => index)),
)

/** Generates one person with all records and adds the rows. */
export class PersonHistory implements ExaminedPatient {
  readonly age: number
  readonly female: boolean
  readonly bmi: number
  readonly contacts: Contact[] = []
  readonly person: number
  readonly random: Random
  readonly population: Population
  readonly #tables: SyntheticTables
  readonly #race: number
  readonly #birth: number
  readonly #first: number
  readonly #last: number
  readonly #died: boolean
  readonly #conditions = new Set<number>()

  constructor(tables: SyntheticTables, random: Random, population: Population, person: number) {
    this.#tables = tables
    this.random = random
    this.population = population
    this.person = person
    this.female = random.chance(0.51)
    const [from, to] = random.pick(population.ages)
    this.age = random.between(from, to)
    this.#birth = population.until - Math.floor(this.age * DAYS_PER_YEAR) - random.between(0, 364)
    this.#race = random.pick(population.races)
    this.bmi =
      this.age < 18 ? random.normal(15 + this.age / 3, 2) : Math.max(16, random.normal(26.6, 4.4))

    const registered = Math.floor(random.between(200, 15 * 365))
    this.#first = Math.max(this.#birth, population.until - registered)
    const years = (population.until - this.#first) / DAYS_PER_YEAR
    this.#died = random.chance(1 - Math.exp(-yearlyMortality(this.age) * years))
    const leaves = this.#died || random.chance(0.1)
    this.#last = leaves ? random.between(this.#first, population.until) : population.until
  }

  has = (conditionConceptId: number): boolean => this.#conditions.has(conditionConceptId)

  /** Years under observation. */
  get years(): number {
    return (this.#last - this.#first) / DAYS_PER_YEAR
  }

  write(): void {
    this.#writePerson()
    this.#writeChronicConditions()
    this.#writeRoutineContacts()
    this.#writeIllnesses()
    this.#writePregnancies()
    this.#writeScreenings()
    writeExaminations(this)
    if (this.#died) this.#writeDeath()
  }

  /** Adds a row whose second column is the `person_id`. */
  addRow(
    table: Parameters<SyntheticTables['addNumbered']>[0],
    ...values: readonly CdmValue[]
  ): number {
    return this.#tables.addNumbered(table, this.person, ...values)
  }

  /** A random day under observation. */
  anyDay(): number {
    return this.random.between(this.#first, this.#last)
  }

  #writePerson(): void {
    const { random, population } = this
    const [year = '', month = '', day = ''] = isoDate(this.#birth).split('-')
    this.#tables.add(
      'person',
      this.person,
      this.female ? FEMALE : MALE,
      Number(year),
      Number(month),
      Number(day),
      this.#race,
      random.chance(population.profile.hispanic) ? HISPANIC : NOT_HISPANIC,
      random.chance(0.08) ? null : random.pick(population.locations),
      `P${String(this.person).padStart(7, '0')}`,
      this.female ? 'F' : 'M',
    )
    this.addRow('observation_period', this.#first, this.#last, OBSERVATION_PERIOD_TYPE)
  }

  #writeChronicConditions(): void {
    for (const condition of CHRONIC) {
      if (!this.random.chance(this.#probability(condition))) continue
      this.#conditions.add(condition.id)
      const begins = Math.max(this.#first, this.#birth + condition.from * 365)
      if (begins > this.#last) continue
      // A condition that is already known is recorded within 90 days, another one when it is diagnosed.
      const known = this.random.chance(0.4)
      const onset = this.random.between(
        begins,
        known ? Math.min(begins + 90, this.#last) : this.#last,
      )
      this.#diagnose(condition, onset)
      const again = this.random.occurrences(((this.#last - onset) / DAYS_PER_YEAR) * 0.1, 3)
      for (let i = 0; i < again; i++) {
        this.#diagnose(condition, this.random.between(onset, this.#last))
      }
      this.#treat(condition, onset)
      this.#writeProcedures(condition.id, onset)
    }
  }

  #probability(condition: ChronicCondition): number {
    const { from, full, until, sex, race } = condition
    if (this.age < from || (sex !== undefined && (sex === 'female') !== this.female)) return 0
    let chance = condition.share * Math.min(1, (this.age - from + 1) / (full - from + 1))
    if (until !== undefined && this.age > until) chance *= 0.3
    if (condition.id === CONDITION.obesity) chance *= this.bmi >= 30 ? 3.4 : 0.05
    if (race !== undefined && this.#race === race[0]) chance *= race[1]
    const due = condition.with?.filter(([id]) => this.#conditions.has(id)) ?? []
    if (condition.onlyWith === true && due.length === 0) return 0
    for (const [, times] of due) chance *= times
    return chance * (this.population.profile.specialties[condition.specialty] ?? 1)
  }

  #diagnose(condition: ChronicCondition, day: number): void {
    const type = this.random.chance(0.3) ? PROBLEM_LIST : ENCOUNTER_DIAGNOSIS
    const visit = this.#visit(day, OUTPATIENT, 0)
    this.addRow('condition_occurrence', condition.id, day, null, type, visit)
  }

  #treat(condition: ChronicCondition, onset: number): void {
    const { drugs = [] } = condition
    if (drugs.length === 0 || !this.random.chance(0.85)) return
    this.#supply(this.#pickDrug(drugs), onset)
    if (drugs.length > 1 && this.random.chance(0.3)) {
      this.#supply(this.#pickDrug(drugs), this.random.between(onset, this.#last))
    }
  }

  #pickDrug(drugs: readonly number[]): Drug | undefined {
    const choice = DRUG_CHOICE[Math.min(drugs.length, DRUG_CHOICE.length) - 1]
    const id = drugs[choice === undefined ? 0 : this.random.pick(choice)]
    return id === undefined ? undefined : DRUG_BY_ID.get(id)
  }

  /** Writes several supplies: each starts at about the time when the previous one ends. */
  #supply(drug: Drug | undefined, from: number): void {
    if (drug === undefined) return
    const supplies = 1 + this.random.occurrences(2, 6)
    let day = from
    for (let i = 0; i < supplies && day <= this.#last; i++) {
      this.#exposure(drug, day)
      day += drug.days + this.random.between(0, 60)
    }
  }

  #exposure(drug: Drug, day: number): void {
    const end = Math.min(day + drug.days - 1, this.#last)
    this.addRow(
      'drug_exposure',
      drug.id,
      day,
      end,
      PRESCRIPTION,
      drug.days * drug.perDay,
      drug.days,
    )
  }

  #writeProcedures(condition: number, day: number): void {
    for (const { procedure, share, times } of PROCEDURES_FOR[condition] ?? []) {
      if (!this.random.chance(share)) continue
      const count = times === undefined ? 1 : 1 + this.random.occurrences(times[0], times[1] - 1)
      for (let i = 0; i < count; i++) {
        const when =
          i === 0 ? day + this.random.between(0, 30) : this.random.between(day, this.#last)
        this.#procedure(procedure, when)
      }
    }
  }

  #procedure(procedure: number, day: number): void {
    this.addRow('procedure_occurrence', procedure, Math.min(day, this.#last), ENCOUNTER_RECORD, 1)
  }

  #writeRoutineContacts(): void {
    const yearly = 0.12 + 0.05 * this.#conditions.size + (this.age < 5 || this.age > 75 ? 0.1 : 0)
    const count = this.random.occurrences(yearly * this.years, 20)
    for (let i = 0; i < count; i++) this.#visit(this.anyDay(), OUTPATIENT, 0)
  }

  #writeIllnesses(): void {
    const { random, population, age } = this
    const often = age < 10 ? 1.7 : age > 75 ? 1.4 : 1
    const count = random.occurrences(population.profile.illnesses * often * this.years, 25)
    for (let i = 0; i < count; i++) {
      const illness = random.pick(ACUTE)
      const bias = population.profile.specialties[illness.specialty] ?? 1
      const chance = illness.old === true ? bias * Math.min(1, (age / 70) ** 2) : bias
      if (!random.chance(chance)) continue
      const winter = illness.specialty === 'respiratory' || illness.specialty === 'infection'
      this.#fallIll(illness, winter ? this.#winterDay() : this.anyDay())
    }
    const fallChance =
      age < 65 ? 0 : (this.has(CONDITION.osteoporosis) ? 0.012 : 0.004) * this.years
    if (random.chance(fallChance)) this.#fallIll(HIP_FRACTURE, this.anyDay())
    const vaccinated = age >= 65 || this.has(CONDITION.asthma) || this.has(CONDITION.copd)
    if (vaccinated && random.chance(0.65)) {
      const count = random.occurrences(Math.min(this.years, 3) * 0.8, 4)
      for (let i = 0; i < count; i++) this.#exposure(INFLUENZA_VACCINE, this.anyDay())
    }
  }

  /** The one of two random days that is nearer to mid-January, when respiratory infections are most common. */
  #winterDay(): number {
    const [one, other] = [this.anyDay(), this.anyDay()]
    return daysFromMidWinter(one) < daysFromMidWinter(other) ? one : other
  }

  #fallIll(illness: AcuteCondition, day: number): void {
    const { random } = this
    const { emergency = 0.02, admitted = 0.005, drugs = [] } = illness
    const draw = random.next()
    const kind = draw < admitted ? INPATIENT : draw < admitted + emergency ? EMERGENCY : OUTPATIENT
    const nights = kind === INPATIENT ? random.between(1, 9) : 0
    const visit = this.#visit(day, kind, nights)
    const end = Math.min(day + random.between(4, 21), this.#last)
    this.addRow('condition_occurrence', illness.id, day, end, ENCOUNTER_DIAGNOSIS, visit)
    if (random.chance(0.7)) {
      const drug = drugs.length === 0 ? undefined : this.#pickDrug(drugs)
      if (drug !== undefined) this.#exposure(drug, day)
    }
    this.#writeProcedures(illness.id, day)
  }

  #writePregnancies(): void {
    if (!this.female || this.age < 17 || this.age - this.years > 45) return
    const fertileYears = Math.min(this.years, 46 - Math.max(17, this.age - this.years))
    const bias = this.population.profile.specialties.pregnancy ?? 1
    const count = this.random.occurrences(Math.max(0, fertileYears) * 0.05 * bias, 4)
    for (let i = 0; i < count; i++) {
      const day = this.anyDay()
      const visit = this.#visit(day, OUTPATIENT, 0)
      const end = Math.min(day + 200, this.#last)
      this.addRow('condition_occurrence', PREGNANCY.id, day, end, ENCOUNTER_DIAGNOSIS, visit)
      for (let check = 1; check <= 3 && day + check * 60 <= this.#last; check++) {
        this.#procedure(FETAL_AUSCULTATION, day + check * 60)
      }
      for (const complication of PREGNANCY_COMPLICATIONS) {
        if (this.random.chance(0.07)) {
          this.#fallIll(complication, Math.min(day + this.random.between(20, 150), this.#last))
        }
      }
      if (this.random.chance(0.27)) this.#procedure(CESAREAN, day + 210)
    }
  }

  #writeScreenings(): void {
    for (const { procedure, ages, sex, yearly } of SCREENINGS) {
      if (this.age < ages[0] || this.age > ages[1]) continue
      if (sex === 'female' && !this.female) continue
      const count = this.random.occurrences(yearly * this.years, 5)
      for (let i = 0; i < count; i++) this.#procedure(procedure, this.anyDay())
    }
  }

  #writeDeath(): void {
    const causes = [
      CONDITION.coronaryArteryDisease,
      CONDITION.heartFailure,
      CONDITION.stroke,
      CONDITION.lungCancer,
      CONDITION.colonCancer,
      CONDITION.dementia,
      CONDITION.copd,
      CONDITION.chronicKidneyDisease,
    ]
    const cause = causes.find((id) => this.has(id))
    this.#tables.add('death', this.person, this.#last, ENCOUNTER_RECORD, cause ?? 0)
  }

  #visit(day: number, kind: number, nights: number): number {
    const end = Math.min(day + nights, this.#last)
    const visit = this.addRow('visit_occurrence', kind, day, end, ENCOUNTER_RECORD)
    this.contacts.push({ day, visit })
    return visit
  }
}

/** Mortality by Gompertz: it doubles about every 7 years. About 0.3% at 50 and 6% at 80. */
function yearlyMortality(age: number): number {
  return 3e-5 * Math.exp(0.095 * age)
}

/** Days from the nearest mid-January. */
function daysFromMidWinter(day: number): number {
  const ofYear = Math.abs((day % DAYS_PER_YEAR) - 15)
  return Math.min(ofYear, DAYS_PER_YEAR - ofYear)
}

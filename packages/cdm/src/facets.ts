/** A table that tasks read only if the site switches it on: `OMOP_<NAME>_ENABLED`. */
export type TableSwitch = 'specimen' | 'location' | 'visit' | 'device' | 'death'

/** What the columns of an event table mean, by their names. `null`: the table does not have such a column. */
export interface EventFacet<Column extends string = string> {
  readonly person: 'person_id'
  readonly concept: Column
  /** The day the event began. */
  readonly date: Column
  /** The same with its time, which sites fill in addition to the date, or in place of it. */
  readonly datetime: Column | null
  readonly endDate: Column | null
  readonly endDatetime: Column | null
  /** The number that a range is compared with. */
  readonly value: Column | null
  /** The concept of the unit of the number. */
  readonly unit: Column | null
  /** The unit as it is written in the source system. */
  readonly unitText: Column | null
  /** The origin of the row, which a rule's `secondary_modifier` selects. */
  readonly type: Column
  /** The `varcat` values of rules that ask for such events. */
  readonly categories: readonly string[]
  /** Its concepts are those of another domain, so only rules of its own categories search it. */
  readonly separate: boolean
}

/** A part of a code distribution: the people by the values of one concept column. */
export interface CodePart<Domain extends string = string, Column extends string = string> {
  readonly domain: Domain
  readonly concept: Column
  /** Where the part is among the rows of a distribution. Those of the Python bunny come first, in its order. */
  readonly position: number
}

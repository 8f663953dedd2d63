/** Tasks in the format of an upstream. */

interface Address {
  readonly uuid?: string
  readonly collection?: string
}

type Rule = Readonly<Record<string, unknown>>

export const rule = (value: string, more: Rule = {}): Rule => ({
  varname: 'OMOP',
  varcat: 'Condition',
  type: 'TEXT',
  oper: '=',
  value,
  ...more,
})

export const person = (value: string, more: Rule = {}): Rule =>
  rule(value, { varcat: 'Person', ...more })

export const availability = (rules: readonly Rule[], address: Address = {}) => ({
  task_id: 'job-1',
  project: 'project_id',
  owner: 'user1',
  cohort: { groups: [{ rules, rules_oper: 'AND' }], groups_oper: 'OR' },
  protocol_version: 'v2',
  char_salt: 'salt',
  uuid: address.uuid ?? 'unique_id',
  collection: address.collection ?? 'collection_id',
})

export const distribution = (code: string, address: Address = {}) => ({
  code,
  analysis: 'DISTRIBUTION',
  uuid: address.uuid ?? 'unique_id',
  collection: address.collection ?? 'collection_id',
  owner: 'user_id',
})

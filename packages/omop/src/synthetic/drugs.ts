import type { ConceptSeed } from './concept.ts'

export interface Drug extends ConceptSeed {
  /** Days that one supply lasts: a few for a course, weeks for long-term treatment. */
  readonly days: number
  /** Units (tablets, puffs, …) per day. */
  readonly perDay: number
}

const tablet = (id: number, name: string, days: number, perDay = 1): Drug => ({
  id,
  name,
  days,
  perDay,
})

export const DRUGS: readonly Drug[] = [
  tablet(1332418, 'amlodipine', 28),
  tablet(1334456, 'ramipril', 28),
  tablet(1367500, 'losartan', 28),
  tablet(974166, 'hydrochlorothiazide', 28),
  tablet(1338005, 'bisoprolol', 28),
  tablet(1308216, 'lisinopril', 28),
  tablet(956874, 'furosemide', 28),
  tablet(1503297, 'metformin', 56, 2),
  tablet(19059796, 'gliclazide', 56, 2),
  tablet(45774751, 'empagliflozin', 28),
  tablet(1502905, 'insulin glargine', 28, 1),
  tablet(1596977, 'insulin regular, human', 28, 3),
  tablet(1545958, 'atorvastatin', 56),
  tablet(1539403, 'simvastatin', 56),
  tablet(1501700, 'levothyroxine', 56),
  tablet(1149196, 'cetirizine', 30),
  tablet(1107830, 'loratadine', 30),
  tablet(1154343, 'albuterol', 50, 4),
  tablet(939259, 'budesonide', 50, 2),
  tablet(1149380, 'fluticasone', 50, 2),
  tablet(1137529, 'salmeterol', 30, 2),
  tablet(1106776, 'tiotropium', 30),
  tablet(1112807, 'aspirin', 28),
  tablet(1322184, 'clopidogrel', 28),
  tablet(1310149, 'warfarin', 28),
  tablet(43013024, 'apixaban', 28, 2),
  tablet(40241331, 'rivaroxaban', 28),
  tablet(1326303, 'digoxin', 28),
  tablet(924566, 'tamsulosin', 28),
  tablet(1396131, 'ferrous sulfate', 28, 2),
  tablet(1167322, 'allopurinol', 28),
  tablet(739138, 'sertraline', 28),
  tablet(797617, 'citalopram', 28),
  tablet(755695, 'fluoxetine', 28),
  tablet(785788, 'olanzapine', 28),
  tablet(1118640, 'sumatriptan', 6),
  tablet(711584, 'levetiracetam', 28, 2),
  tablet(705103, 'lamotrigine', 28, 2),
  tablet(715997, 'donepezil', 28),
  tablet(789578, 'levodopa', 28, 3),
  tablet(797399, 'gabapentin', 28, 3),
  tablet(1201620, 'codeine', 7, 4),
  tablet(1110410, 'morphine', 5, 4),
  tablet(1125315, 'acetaminophen', 8, 4),
  tablet(1177480, 'ibuprofen', 10, 3),
  tablet(1115008, 'naproxen', 14, 2),
  tablet(1557272, 'alendronate', 84, 1),
  tablet(19095164, 'cholecalciferol', 84),
  tablet(1305058, 'methotrexate', 28),
  tablet(1119119, 'adalimumab', 28),
  tablet(923645, 'omeprazole', 28),
  tablet(968426, 'mesalamine', 28, 2),
  tablet(975125, 'hydrocortisone', 14, 2),
  tablet(1738521, 'doxycycline', 14),
  tablet(954688, 'latanoprost', 28),
  tablet(1436678, 'tamoxifen', 28),
  tablet(1348265, 'anastrozole', 28),
  tablet(722424, 'natalizumab', 28),
  tablet(1777087, 'hydroxychloroquine', 28, 2),
  tablet(1550557, 'prednisolone', 14),
  tablet(759740, 'pyridostigmine', 28, 4),
  tablet(1713332, 'amoxicillin', 7, 3),
  tablet(1734104, 'azithromycin', 3),
  tablet(1705674, 'trimethoprim', 3, 2),
  tablet(920293, 'nitrofurantoin', 5, 2),
  tablet(1729720, 'penicillin V', 10, 4),
  tablet(1343916, 'epinephrine', 1),
]

/** Given about once a year to old people and people with lung diseases. */
export const INFLUENZA_VACCINE: Drug = {
  id: 40213154,
  name: 'influenza vaccine, split virus',
  days: 1,
  perDay: 1,
}

import { table } from './cdm-table.ts'

export const VOCABULARY_TABLES = [
  table(
    'concept',
    {
      concept_id: 'concept!',
      concept_name: 'text!',
      domain_id: 'text!',
      vocabulary_id: 'text',
      concept_class_id: 'text',
      standard_concept: 'text',
      concept_code: 'text',
      valid_start_date: 'date',
      valid_end_date: 'date',
      invalid_reason: 'text',
    },
    { key: 'concept_id', indexes: { idx_concept_concept_id: ['concept_id'] } },
  ),
  table('vocabulary', {
    vocabulary_id: 'text!',
    vocabulary_name: 'text',
    vocabulary_reference: 'text',
    vocabulary_version: 'text',
    vocabulary_concept_id: 'concept',
  }),
  table('domain', { domain_id: 'text!', domain_name: 'text', domain_concept_id: 'concept' }),
  table('concept_class', {
    concept_class_id: 'text!',
    concept_class_name: 'text',
    concept_class_concept_id: 'concept',
  }),
  table('relationship', {
    relationship_id: 'text!',
    relationship_name: 'text',
    is_hierarchical: 'text',
    defines_ancestry: 'text',
    reverse_relationship_id: 'text',
    relationship_concept_id: 'concept',
  }),
  table(
    'concept_relationship',
    {
      concept_id_1: 'concept!',
      concept_id_2: 'concept!',
      relationship_id: 'text!',
      valid_start_date: 'date',
      valid_end_date: 'date',
      invalid_reason: 'text',
    },
    { indexes: { idx_concept_relationship_id_1: ['concept_id_1'] } },
  ),
  table(
    'concept_ancestor',
    {
      ancestor_concept_id: 'concept!',
      descendant_concept_id: 'concept!',
      min_levels_of_separation: 'integer',
      max_levels_of_separation: 'integer',
    },
    {
      indexes: {
        idx_concept_ancestor_id_1: ['ancestor_concept_id', 'descendant_concept_id'],
        idx_concept_ancestor_id_2: ['descendant_concept_id'],
      },
    },
  ),
] as const

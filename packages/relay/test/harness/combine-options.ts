import { DEFAULT_POLICY } from '@warren/disclosure'

import type { CombineOptions } from '../../src/answers/combine-results.ts'
import { loadRelayConfig } from '../../src/config/relay-config.ts'

/** The options of a relay with the default configuration. */
export const COMBINE_OPTIONS: CombineOptions = {
  disclosure: DEFAULT_POLICY,
  dropSuppressedRows: false,
  reportCoverage: true,
  bounds: loadRelayConfig({}),
}

import type { Logger } from '@warren/runtime'
import { systemClock } from '../clock.ts'
import type { RunConfig } from '../config.ts'
import { openDatabase } from '../solve/open-database.ts'
import { sourceConfig } from '../source-config.ts'
import type { CdmSource } from '../sources/cdm-source.ts'
import { openSource } from '../sources/engines.ts'

/** The OMOP database of a command, on one connection. Throws `ProgramError` (exit code 69) if it is not available. */
export function openRunDatabase(config: RunConfig, log: Logger): Promise<CdmSource> {
  const target = sourceConfig(config, 1)
  return openDatabase({
    open: () => openSource(target),
    driver: target.driver,
    waitMs: 0,
    clock: systemClock,
    log,
  })
}

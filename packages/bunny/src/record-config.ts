import { join } from 'node:path'
import {
  booleanSetting,
  choiceSetting,
  integerSetting,
  setting,
  textSetting,
} from '@warren/runtime'

/** The folder in which the audit record and the held questions are by default. */
export const stateDirSetting = {
  stateDir: setting({
    name: 'BUNNY_STATE_DIR',
    aliases: ['BUNNY_OUTBOX_DIR'],
    schema: textSetting().optional(),
    description:
      'Folder for tasks and results. Each bunny needs its own. Default: a folder of its own in STATE_DIRECTORY (set by systemd), $XDG_STATE_HOME/warren-bunny, ~/.local/state/warren-bunny or /var/lib/warren-bunny, whichever can be written to first.',
  }),
}

export const auditFolderSettings = {
  auditDir: setting({
    name: 'BUNNY_AUDIT_DIR',
    schema: textSetting().optional(),
    description: 'Folder of the audit record. Default: audit in BUNNY_STATE_DIR.',
  }),
}

/** The site's own record of every question, and the policy that decides which are answered. */
export const recordSettings = {
  auditEnabled: setting({
    name: 'BUNNY_AUDIT_ENABLED',
    schema: booleanSetting(),
    default: true,
    description:
      'Record every question and what left the site, if there is a folder for it: BUNNY_AUDIT_DIR, or that of BUNNY_STATE_DIR.',
  }),
  ...auditFolderSettings,
  auditMaxMegabytes: setting({
    name: 'BUNNY_AUDIT_MAX_MB',
    schema: integerSetting(1, 100_000),
    default: 64,
    unit: 'MB',
    description:
      'Size at which a file of the audit record is closed and the next one is begun. No file is deleted.',
  }),
  auditOnFailure: setting({
    name: 'BUNNY_AUDIT_ON_FAILURE',
    schema: choiceSetting(['refuse', 'answer']),
    default: 'refuse',
    description:
      'What happens to a question that cannot be recorded, for example on a full disk. refuse: it gets an error, and no number leaves. answer: it is answered, and the log has an error.',
  }),
  policyFile: setting({
    name: 'BUNNY_POLICY_FILE',
    schema: textSetting().optional(),
    description:
      'Policy file (YAML or JSON): which questions are answered, refused or held for approval. It is read again when it changes. Default: every question is answered.',
  }),
}

/** The folder of the audit record; `undefined` if the bunny keeps its state in memory and none is configured. */
export function auditFolder(
  configured: string | undefined,
  state: string | undefined,
): string | undefined {
  return configured ?? (state === undefined ? undefined : join(state, 'audit'))
}

/** The folder of the held questions and of the counts for limits. */
export function policyFolder(state: string | undefined): string | undefined {
  return state === undefined ? undefined : join(state, 'policy')
}

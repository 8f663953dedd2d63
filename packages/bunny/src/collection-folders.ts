import { existsSync } from 'node:fs'
import {
  choiceSetting,
  defineConfig,
  loadConfig,
  setting,
  textSetting,
  urlSetting,
} from '@warren/runtime'
import { defaultStateFolders, identityOf, ownFolder } from './outbox/state-path.ts'
import { auditFolder, auditFolderSettings, policyFolder, stateDirSetting } from './record-config.ts'
import { collectionsIn, firstRelaySettings, moreRelaySettings } from './relay-settings.ts'

/** What `bunny audit` and `bunny held` need to find the folders of a daemon: no password and no database. */
const foldersConfig = defineConfig({
  program: 'bunny',
  prefixes: [],
  settings: {
    ...stateDirSetting,
    ...auditFolderSettings,
    taskApiBaseUrl: setting({
      name: 'TASK_API_BASE_URL',
      schema: urlSetting(['https', 'http']).optional(),
      description: 'URL of the relay.',
    }),
    collectionId: setting({
      name: 'COLLECTION_ID',
      schema: textSetting().optional(),
      secret: true,
      identifier: true,
      description: 'Collection ID of this site at the relay.',
    }),
    taskApiType: setting({
      name: 'TASK_API_TYPE',
      schema: choiceSetting(['a', 'b']).optional(),
      description: 'Tasks to poll for.',
    }),
    ...firstRelaySettings,
    ...moreRelaySettings,
  },
})

/** The folders of one collection of a daemon. `undefined` if they are not configured and do not exist. */
export interface CollectionFolders {
  /** The name of the relay in the log. */
  readonly name: string
  readonly audit: string | undefined
  readonly policy: string | undefined
}

/** The folders of every collection of a daemon with this environment, the first one first. */
export function findFolders(env: NodeJS.ProcessEnv): readonly CollectionFolders[] {
  const values = loadConfig(foldersConfig, env)
  const { stateDir, auditDir, relayName: name } = values
  const collections = collectionsIn(values).map(({ isFirst, ...one }) => {
    const identity = identityOf(one)
    const own = (folder: string | undefined): string | undefined =>
      folder === undefined ? undefined : ownFolder(folder, identity, isFirst)
    const state =
      own(stateDir) ?? defaultStateFolders(env, identity).find((folder) => existsSync(folder))
    return { name: one.name, isFirst, state, audit: own(auditDir) }
  })
  // The configured folders are those of the first collection, also where the relay is not configured.
  const known = collections.some(({ isFirst }) => isFirst)
    ? collections
    : [{ name, isFirst: true, state: stateDir, audit: auditDir }, ...collections]
  return known.map(({ name, state, audit }) => ({
    name,
    audit: auditFolder(audit, state),
    policy: policyFolder(state),
  }))
}

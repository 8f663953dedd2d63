import { describe, expect, it } from 'vitest'

import { loadRelayConfig } from '../../src/config/relay-config.ts'

const folderOf = (env: NodeJS.ProcessEnv) => loadRelayConfig(env).spoolFolder
const POSTGRES = 'postgres://relay:secret@db:5432/relay'

describe('the folder of the spool', () => {
  it('is next to the SQLite file', () => {
    expect(folderOf({ RELAY_STORE: 'sqlite:/data/relay.sqlite' })).toBe('/data/relay.sqlite-spool')
    expect(folderOf({ RELAY_STORE: 'sqlite::memory:' })).toBeUndefined()
  })

  it.each([
    [{ STATE_DIRECTORY: '/var/lib/warren:/x', HOME: '/h' }, '/var/lib/warren/relay-spool-'],
    [{ XDG_STATE_HOME: '/state', HOME: '/h' }, '/state/warren/relay-spool-'],
    [{ HOME: '/h' }, '/h/.local/state/warren/relay-spool-'],
  ])('with PostgreSQL and %j begins with %s', (env, start) => {
    const folder = folderOf({ ...env, RELAY_STORE: POSTGRES })
    expect(folder).toContain(start)
    expect(folder).not.toContain('secret')
    // It depends on the database, and not on the password.
    expect(folderOf({ ...env, RELAY_STORE: POSTGRES.replace('secret', 'new') })).toBe(folder)
    expect(folderOf({ ...env, RELAY_STORE: `${POSTGRES}2` })).not.toBe(folder)
  })

  it('is the given one', () => {
    expect(folderOf({ RELAY_STORE: POSTGRES, RELAY_SPOOL_DIR: '/spool' })).toBe('/spool')
  })
})

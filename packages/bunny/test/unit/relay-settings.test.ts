import { ConfigError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { loadBunnyConfig } from '../../src/config.ts'
import { relaysOf } from '../../src/relay-settings.ts'

const ONE = {
  TASK_API_BASE_URL: 'https://relay.example.org',
  TASK_API_USERNAME: 'north',
  TASK_API_PASSWORD: 'correct horse battery',
  COLLECTION_ID: 'collection-1',
  DATASOURCE_DB_DRIVERNAME: 'duckdb',
}

const load = (env: Record<string, string>) => relaysOf(loadBunnyConfig({ ...ONE, ...env }))

function problemsOf(env: Record<string, string>): string[] {
  try {
    load(env)
  } catch (error: unknown) {
    if (error instanceof ConfigError) {
      return error.problems.map(({ name, message }) => `${name}: ${message}`)
    }
    throw error
  }
  return []
}

describe('the relays of a bunny', () => {
  it('are one, with the variables of the Python bunny', () => {
    expect(load({})).toEqual([
      {
        name: 'relay',
        baseUrl: 'https://relay.example.org',
        username: 'north',
        password: 'correct horse battery',
        collectionId: 'collection-1',
        type: undefined,
        tls: {},
        variables: {},
      },
    ])
  })

  it('can be another collection with the same login', () => {
    const [, second] = load({ TASK_API_2_COLLECTION_ID: 'collection-2', TASK_API_2_TYPE: 'a' })
    expect(second).toMatchObject({
      name: 'relay-2',
      baseUrl: 'https://relay.example.org',
      username: 'north',
      password: 'correct horse battery',
      collectionId: 'collection-2',
      type: 'a',
    })
  })

  it('can be another relay, which gets neither the password nor the certificate of the first one', () => {
    const other = {
      TASK_API_CLIENT_CERT_FILE: '/run/cert.pem',
      TASK_API_CLIENT_KEY_FILE: '/run/key.pem',
      TASK_API_3_BASE_URL: 'https://other.example.org',
      TASK_API_3_COLLECTION_ID: 'collection-3',
      TASK_API_3_NAME: 'other',
    }
    expect(problemsOf(other)).toEqual([
      'TASK_API_3_USERNAME: not set, but required for relay other',
      'TASK_API_3_PASSWORD: not set, but required for relay other',
    ])
    const [first, third] = load({
      ...other,
      TASK_API_3_USERNAME: 'north',
      TASK_API_3_PASSWORD: 'another horse battery',
    })
    expect(first?.tls).toMatchObject({ certificate: { name: 'TASK_API_CLIENT_CERT_FILE' } })
    expect(third).toMatchObject({ name: 'other', password: 'another horse battery', tls: {} })
  })

  it('need a password for another user', () => {
    const env = { TASK_API_2_COLLECTION_ID: 'collection-2', TASK_API_2_USERNAME: 'south' }
    expect(problemsOf(env)).toEqual([
      'TASK_API_2_PASSWORD: not set, but required for relay relay-2',
    ])
  })

  it('have https URLs, a certificate with its key, and different collections', () => {
    expect(
      problemsOf({
        TASK_API_2_BASE_URL: 'http://other.example.org',
        TASK_API_2_USERNAME: 'u',
        TASK_API_2_PASSWORD: 'p',
        TASK_API_2_COLLECTION_ID: 'c',
        TASK_API_CLIENT_KEY_FILE: '/run/key.pem',
        TASK_API_4_COLLECTION_ID: 'collection-1',
      }),
    ).toEqual([
      'TASK_API_CLIENT_CERT_FILE: not set, but required with TASK_API_CLIENT_KEY_FILE',
      'TASK_API_2_BASE_URL: HTTPS is required for the task API but not used',
      'TASK_API_4_COLLECTION_ID: is the same collection at the same relay as COLLECTION_ID',
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  defineConfig,
  loadConfig,
  maskedConfig,
  secretValues,
  setting,
  settingFamily,
  textSetting,
  warnAboutSecrets,
} from '../../src/index.ts'
import { weaknessOf } from '../../src/logging/secret-weakness.ts'

describe('the weakness of a secret', () => {
  it.each([
    'p',
    'hunter2',
    '       p ',
    'postgres',
    'password',
    'Password1',
    'postgres2024!',
    'admin-admin',
    'test_user1',
    'sunshine',
    'Sonnenschein',
    '12345678',
    'passwordpassword',
  ])('is found in %j', (secret) => {
    expect(weaknessOf(secret)).toMatch(/^(has|is) /)
  })

  it.each(['hunter22', 'tr0ub4dor', 'correct horse', 'RQ-CC-EXAMPLE', 'a'.repeat(16), 'kX7qPz2m'])(
    'is not found in %j',
    (secret) => {
      expect(weaknessOf(secret)).toBeUndefined()
    },
  )
})

const config = defineConfig({
  program: 'example',
  prefixes: ['EXAMPLE_', 'Users__'],
  settings: {
    password: setting({
      name: 'EXAMPLE_PASSWORD',
      schema: textSetting().optional(),
      secret: true,
      description: 'x.',
    }),
    id: setting({
      name: 'EXAMPLE_ID',
      schema: textSetting().optional(),
      secret: true,
      identifier: true,
      description: 'x.',
    }),
    url: setting({
      name: 'EXAMPLE_URL',
      schema: textSetting().optional(),
      secret: true,
      secretParts: (text) => (text === undefined ? [] : [new URL(text).password]),
      description: 'x.',
    }),
    users: settingFamily({
      name: 'Users__<name>',
      pattern: /Users__(?<name>.+)/,
      schema: z.string(),
      secret: true,
      description: 'x.',
    }),
  },
})
const ENV = {
  EXAMPLE_PASSWORD: 'kX7qPz2mB4',
  EXAMPLE_ID: 'id',
  EXAMPLE_URL: 'amqp://relay:postgres@mq',
  Users__a: 'password1',
  Users__b: 'wR9tLm3cV8',
}

describe('weak secrets of a configuration', () => {
  it('are logged by variable, without the secret', () => {
    const lines: { fields: object; msg: string }[] = []
    const log = { warn: (fields: object, msg: string) => void lines.push({ fields, msg }) }
    warnAboutSecrets(log, config, loadConfig(config, ENV))
    expect(lines).toMatchObject([
      { fields: { variable: 'EXAMPLE_URL' }, msg: 'configuration warning' },
      { fields: { variable: 'Users__a' }, msg: 'configuration warning' },
    ])
    expect(JSON.stringify(lines)).not.toMatch(/postgres|password1/)
  })

  it('are masked completely in the effective configuration', () => {
    const values = loadConfig(config, ENV)
    expect(new Set(Object.values(maskedConfig(config, values)))).toEqual(new Set(['********']))
    expect(secretValues(config, values)).toEqual([
      'kX7qPz2mB4',
      'id',
      'postgres',
      'password1',
      'wR9tLm3cV8',
    ])
  })

  it('do not change the messages of configuration problems', () => {
    const digit = defineConfig({
      program: 'example',
      prefixes: [],
      settings: {
        pin: setting({
          name: 'PIN',
          schema: z.string().min(6, 'expected 6 characters or more'),
          secret: true,
          description: 'x.',
        }),
      },
    })
    expect(() => loadConfig(digit, { PIN: '6' })).toThrow(/PIN: expected 6 characters or more/)
  })
})

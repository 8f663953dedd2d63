import { describe, expect, it } from 'vitest'
import { withoutUrlPasswords } from '../../src/logging/url-password.ts'

describe('withoutUrlPasswords', () => {
  it.each([
    ['amqp://relay:hunter2@mq:5672/warren', 'amqp://relay:…@mq:5672/warren'],
    ['postgres://:hunter2@db', 'postgres://:…@db'],
    ['postgres://relay:hun/ter@2@db/relay', 'postgres://relay:…@db/relay'],
    ['a postgres://a:b@c and amqp://d:e@f', 'a postgres://a:…@c and amqp://d:…@f'],
    ['{"url":"amqp://relay:hunter2@mq"}', '{"url":"amqp://relay:…@mq"}'],
  ])('replaces the password in %s', (text, safe) => {
    expect(withoutUrlPasswords(text, '…')).toBe(safe)
  })

  it.each(['https://relay.example.org:8443/task/@next', 'http://db:5432', 'see https://a/b@c'])(
    'does not change %s',
    (text) => {
      expect(withoutUrlPasswords(text, '…')).toBe(text)
    },
  )
})

import { describe, expect, it } from 'vitest'

import { formatBrokerAddress, parseBrokerAddress } from '../../src/queue/broker-address.ts'

const GUEST = { username: 'guest', password: 'guest' }

describe('the address of a RabbitMQ broker', () => {
  it.each([
    ['amqp://broker', 'broker:5672', { ...GUEST, vhost: '/', tls: false }],
    ['amqp://broker/', 'broker:5672', { ...GUEST, vhost: '/' }],
    ['amqps://broker', 'broker:5671', { ...GUEST, tls: true }],
    ['amqp://u:p%40ss@broker:5673', 'broker:5673', { username: 'u', password: 'p@ss' }],
    ['amqp://u@broker', 'broker:5672', { username: 'u', password: '' }],
    ['amqp://broker/hub', 'broker:5672, virtual host hub', { vhost: 'hub' }],
    ['amqp://broker/%2Fhub', 'broker:5672, virtual host /hub', { vhost: '/hub' }],
    ['amqp://[::1]:5672', '[::1]:5672', { hostname: '::1' }],
    [
      'amqps://broker/hub?sslrootcert=/etc/ca%20hub.pem',
      'broker:5671, virtual host hub',
      { tls: true, rootCertificateFile: '/etc/ca hub.pem' },
    ],
  ])('is read from %s', (text, shown, expected) => {
    const address = parseBrokerAddress(text)
    expect(address).toMatchObject(expected)
    expect(formatBrokerAddress(address)).toBe(shown)
  })

  it.each([
    ['amqps://broker?sslRootCert=/ca.pem', 'its parameter sslRootCert is unknown'],
    ['amqps://broker?heartbeat=30', 'its parameter heartbeat is unknown'],
    ['amqps://broker?pass%20word=sesame', 'its parameter name is unknown'],
    ['amqp://broker?sslrootcert=/ca.pem', 'sslrootcert requires amqps:'],
  ])('is rejected if it is "%s"', (text, message) => {
    expect(() => parseBrokerAddress(text)).toThrow(message)
  })

  it.each(['broker:5672', 'http://broker', 'amqp:///vhost', 'amqp://u:100%sesame@broker', ''])(
    'is rejected without its password if it is "%s"',
    (text) => {
      expect(() => parseBrokerAddress(text)).toThrow(
        /^(not a URL of this form|a % must be written as %25)$/,
      )
    },
  )
})

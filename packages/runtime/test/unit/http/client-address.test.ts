import { isIP } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { addressGroup, AddressList, clientAddress } from '../../../src/http.ts'

const TRUSTED = new AddressList(['10.0.0.0/8', '192.0.2.1', 'fd00::/8'])

describe('a list of addresses', () => {
  it.each([
    ['10.0.0.1', true],
    ['10.255.255.255', true],
    ['11.0.0.1', false],
    ['192.0.2.1', true],
    ['192.0.2.2', false],
    ['::ffff:10.0.0.1', true],
    ['::ffff:11.0.0.1', false],
    ['::ffff:0a00:0001', true],
    ['fd00::1', true],
    ['FD00::1', true],
    ['fe80::1%eth0', false],
    ['2001:db8::1', false],
    ['', false],
    ['10.0.0', false],
    ['unknown', false],
  ])('has %s: %s', (address, expected) => {
    expect(TRUSTED.has(address)).toBe(expected)
  })

  it.each([
    '1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '::/129',
    'localhost',
    '10.0.0.0/8/8',
    '10.0.0.x',
    '/8',
  ])('cannot contain %j', (text) => {
    expect(() => new AddressList([text])).toThrow(RangeError)
  })
})

describe('the address of a client', () => {
  it.each<[string, string, string | undefined, string]>([
    ['is the peer without proxies', '198.51.100.7', undefined, '198.51.100.7'],
    ['is the peer if it is not trusted', '198.51.100.7', '203.0.113.1', '198.51.100.7'],
    ['comes from a trusted proxy', '10.0.0.1', '203.0.113.1', '203.0.113.1'],
    ['comes from several trusted proxies', '10.0.0.1', '203.0.113.1, 10.9.9.9', '203.0.113.1'],
    ['is not what the client claims', '10.0.0.1', '1.2.3.4, 203.0.113.1', '203.0.113.1'],
    ['may be IPv6', 'fd00::1', '2001:db8::7', '2001:db8::7'],
    ['may be IPv4 written as IPv6', '::ffff:10.0.0.1', '::ffff:203.0.113.1', '203.0.113.1'],
    ['may have a port', '10.0.0.1', '203.0.113.1:4711', '203.0.113.1'],
    ['may have brackets and a port', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['is the proxy if the header is empty', '10.0.0.1', '', '10.0.0.1'],
    ['is the proxy if the header is garbage', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['is the last valid one before garbage', '10.0.0.1', '1.2.3.4, _x, 10.0.0.2', '10.0.0.2'],
  ])('%s', (_, peer, header, expected) => {
    expect(clientAddress(peer, header, TRUSTED)).toBe(expected)
  })

  it('is always an address, and never one that a trusted proxy did not append', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom('10.0.0.2', 'fd00::2'))
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 6 }), fc.ipV4(), (forged, real) => {
        fc.pre(!TRUSTED.has(real))
        const header = [...forged, real, '10.0.0.2'].join(', ')
        expect(clientAddress('10.0.0.1', header, TRUSTED)).toBe(real)
        expect(isIP(clientAddress('10.0.0.1', forged.join(','), TRUSTED))).not.toBe(0)
      }),
    )
  })
})

describe('the group of an address', () => {
  it.each([
    ['203.0.113.1', '203.0.113.1'],
    ['::ffff:203.0.113.1', '203.0.113.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, expected) => {
    expect(addressGroup(address)).toBe(expected)
  })
})

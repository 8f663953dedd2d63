import { describe, expect, it } from 'vitest'
import { parseBasicCredentials, preferredWait } from '../../src/index.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

describe('parseBasicCredentials', () => {
  it.each([
    [basic('user:secret'), { username: 'user', password: 'secret' }],
    [basic('user:a:b'), { username: 'user', password: 'a:b' }],
    [basic('ü:ß'), { username: 'ü', password: 'ß' }],
    [`Basic ${Buffer.from('é:ü', 'latin1').toString('base64')}`, { username: 'é', password: 'ü' }],
    [basic(':'), { username: '', password: '' }],
    [basic('user:secret').replace('Basic', 'bAsIc'), { username: 'user', password: 'secret' }],
    [basic('no colon'), undefined],
    ['Basic !!!', undefined],
    ['Basic', undefined],
    ['Bearer dXNlcjpzZWNyZXQ=', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j', (header, expected) => {
    expect(parseBasicCredentials(header)).toEqual(expected)
  })
})

describe('preferredWait', () => {
  it.each([
    ['wait=25', 25],
    ['respond-async, wait=10', 10],
    ['Wait = "7"; x=1', 7],
    ['wait=1, wait=2', 1],
    ['wait=soon', 0],
    ['wait=-1', 0],
    ['wait=99999999999', 0],
    ['', 0],
    [undefined, 0],
  ])('reads %j as %d s', (header, expected) => {
    expect(preferredWait(header)).toBe(expected)
  })

  it('reads a repeated header', () => {
    expect(preferredWait(['respond-async', 'wait=3'])).toBe(3)
  })
})

import { describe, expect, it } from 'vitest'
import { readBasicCredentials } from '../../src/nodes/basic-credentials.ts'
import { canonicalGuid, parseCollectionId } from '../../src/vocabulary/collection-id.ts'
import { canonicalUsername, usernameProblem } from '../../src/vocabulary/username.ts'

const basic = (text: string, encoding: BufferEncoding = 'utf8') =>
  `Basic ${Buffer.from(text, encoding).toString('base64')}`

describe('Basic credentials', () => {
  it('are split at the first colon, so that passwords may contain colons', () => {
    expect(readBasicCredentials(basic('site-a:a:b:c'))).toEqual({
      kind: 'credentials',
      credentials: { username: 'site-a', password: 'a:b:c' },
    })
  })

  it('are accepted with the scheme in any case, and without base64 padding', () => {
    for (const header of [
      basic('a:bc').replace('Basic', 'bAsIC'),
      basic('a:bc').replace(/=+$/, ''),
    ]) {
      expect(readBasicCredentials(header)).toMatchObject({
        credentials: { username: 'a', password: 'bc' },
      })
    }
  })

  it('are decoded from UTF-8, and from Latin-1 as python-requests sends it', () => {
    const both = [basic('site:pässword'), basic('site:pässword', 'latin1')]
    for (const header of both) {
      expect(readBasicCredentials(header)).toMatchObject({ credentials: { password: 'pässword' } })
    }
  })

  it('are missing if the header is absent or blank', () => {
    expect(readBasicCredentials(undefined).kind).toBe('missing')
    expect(readBasicCredentials('  ').kind).toBe('missing')
  })

  it.each([
    'Basic',
    'Basic ',
    'Bearer c2l0ZS1hOnNlY3JldA==',
    'Basic invalid-credentials-format',
    'Basic %%%%',
    basic('no colon'),
    basic(':no name'),
    'c2l0ZS1hOnNlY3JldA==',
    `${basic('a:b')}, ${basic('c:d')}`,
  ])('are malformed in %j', (header) => {
    expect(readBasicCredentials(header).kind).toBe('malformed')
  })
})

describe('collection IDs', () => {
  const id = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'

  it.each([
    id,
    id.toUpperCase(),
    id.replaceAll('-', ''),
    id.replaceAll('-', '').toUpperCase(),
    `{${id}}`,
    `(${id.toUpperCase()})`,
  ])('identify the same node in the spelling %s', (spelling) => {
    expect(canonicalGuid(spelling)).toBe(id)
    expect(parseCollectionId(spelling)).toEqual({ nodeId: id, suffix: '' })
  })

  it('may end in a dot and a type of task', () => {
    expect(parseCollectionId(`${id}.a`)).toEqual({ nodeId: id, suffix: 'a' })
    expect(parseCollectionId(`${id.toUpperCase()}.B`)).toEqual({ nodeId: id, suffix: 'b' })
    expect(parseCollectionId(`${id}.c`)).toEqual({ nodeId: id, suffix: 'c' })
    expect(parseCollectionId(`${id}.a.b`)).toEqual({ nodeId: id, suffix: 'a.b' })
  })

  it.each([
    '',
    'RQ-CC-EXAMPLE',
    '.a',
    id.slice(1),
    `${id}0`,
    `{${id}`,
    `{${id.replaceAll('-', '')}----}`,
    `${id}\n`,
  ])('are rejected in %j', (text) => {
    expect(parseCollectionId(text)).toBeUndefined()
  })
})

describe('user names', () => {
  it('are compared without case', () => {
    expect(canonicalUsername('Site-A')).toBe(canonicalUsername('sITE-a'))
    expect(canonicalUsername('e\u0301')).toBe(canonicalUsername('\u00e9'))
  })

  it('are rejected with a reason', () => {
    expect(usernameProblem('site-a.nhs_1@x+y')).toBeUndefined()
    expect(usernameProblem('')).toContain('empty')
    expect(usernameProblem('a:b')).toContain('a:b')
    expect(usernameProblem('x'.repeat(257))).toContain('256')
  })
})

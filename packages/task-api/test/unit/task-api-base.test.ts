import { describe, expect, it } from 'vitest'
import { taskApiBase } from '../../src/index.ts'

describe('taskApiBase', () => {
  it.each([
    ['https://taskapi.com', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/link_connector_api', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/link_connector_api/', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/api/v1', 'https://taskapi.com/api/v1'],
    ['https://taskapi.com:8443/a/b//', 'https://taskapi.com:8443/a/b'],
    ['HTTP://taskapi.com', 'http://taskapi.com/link_connector_api'],
  ])('turns %s into %s', (url, expected) => {
    expect(taskApiBase(url).href).toBe(expected)
  })

  it.each(['', 'taskapi.com', 'ftp://taskapi.com', 'https://', 'https://x/?a=1', 'https://x/#a'])(
    'rejects %j',
    (url) => {
      expect(() => taskApiBase(url)).toThrow(TypeError)
    },
  )

  it('rejects credentials in the URL without repeating them', () => {
    const secret = 'hunter2'
    expect(() => taskApiBase(`https://user:${secret}@host`)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(secret) }),
    )
  })
})

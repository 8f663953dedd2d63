import { describe, expect, it } from 'vitest'

import { fileErrorReason } from '../../src/index.ts'

const withCode = (code: string) => Object.assign(new Error(`${code}: open '/x'`), { code })

describe('fileErrorReason', () => {
  it.each([
    ['ENOENT', 'read', 'the file does not exist'],
    ['ENOENT', 'write', 'the folder does not exist'],
    ['EACCES', 'read', 'permission denied'],
    ['EISDIR', 'write', 'it is a folder'],
    ['ENOSPC', 'write', 'the disk is full'],
  ] as const)('states the reason for %s while trying to %s', (code, action, reason) => {
    expect(fileErrorReason(withCode(code), action)).toBe(reason)
  })

  it('keeps the message of an unknown error', () => {
    expect(fileErrorReason(withCode('EIO'), 'read')).toBe("EIO: open '/x'")
    expect(fileErrorReason('broken', 'read')).toBe('broken')
  })
})

import { describe, expect, it } from 'vitest'
import { sharedFolder, withoutFolder } from '../../src/document/shared-folder.ts'

describe('the folder that all files share', () => {
  it.each([
    [['/home/jo/logs/relay/relay.log', '/home/jo/logs/site-a/bunny.log'], '/home/jo/logs/'],
    [['/home/jo/logs/relay/relay.log', '/home/jo/logs/relay-2/relay.log'], '/home/jo/logs/'],
    [['/home/jo/relay.log'], '/home/jo/'],
    [['/a/relay.log', '/b/bunny.log'], ''],
    [['/home/jo/relay.log', 'bunny.log'], ''],
    [['logs/relay/relay.log', 'logs/site-a/bunny.log'], ''],
    [['-'], ''],
    [[], ''],
  ])('of %j is %j', (paths, folder) => {
    expect(sharedFolder(paths)).toBe(folder)
  })

  it('is left out of every text except quoted lines', () => {
    const text = 'cannot open /home/jo/x'
    expect(
      withoutFolder(
        { title: '/home/jo/a.log: a gap', lines: [{ file: '/home/jo/a.log', line: 1, text }] },
        '/home/jo/',
      ),
    ).toEqual({ title: 'a.log: a gap', lines: [{ file: 'a.log', line: 1, text }] })
  })
})

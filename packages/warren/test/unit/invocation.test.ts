import { describe, expect, it } from 'vitest'

import { shellWord } from '@warren/runtime'

import { invocationOf, pathFrom, userFolder } from '../../src/invocation.ts'

const CLONE = '/home/me/warren'
const MAIN = `${CLONE}/packages/warren/src/main.ts`

function invocation(options: { script: string; cwd?: string; env?: NodeJS.ProcessEnv }): string {
  const { script, cwd = CLONE, env = {} } = options
  return invocationOf({ argv: ['node', script], env, cwd: () => cwd })
}

describe('invocationOf', () => {
  it('is npx without installation for npm scripts and npx in the clone', () => {
    const npm = { npm_config_local_prefix: CLONE, INIT_CWD: CLONE }
    for (const [script, npmScript] of [
      [MAIN, 'node packages/warren/src/main.ts demo'],
      [`${CLONE}/node_modules/.bin/warren`, "'warren'"],
    ] as const) {
      const env = { ...npm, npm_lifecycle_script: npmScript }
      expect(invocation({ script, env })).toBe('npx --no-install warren')
      const below = { ...env, INIT_CWD: `${CLONE}/packages/bunny` }
      expect(invocation({ script, env: below })).toBe('npx --no-install warren')
    }
  })

  it('names the clone where npm was called with --prefix', () => {
    const env = {
      npm_lifecycle_script: 'node packages/warren/src/main.ts',
      npm_config_local_prefix: CLONE,
      INIT_CWD: '/home/me/other',
    }
    expect(invocation({ script: MAIN, env })).toBe(`npx --prefix ${CLONE} --no-install warren`)
  })

  it('is warren where warren is on the path', () => {
    const env = { PATH: '/usr/bin:/usr/local/bin' }
    expect(invocation({ script: '/usr/local/bin/warren', env })).toBe('warren')
  })

  it('is the path of the program elsewhere', () => {
    expect(invocation({ script: `${CLONE}/node_modules/.bin/warren` })).toBe(
      'node_modules/.bin/warren',
    )
    expect(invocation({ script: '/opt/bin/warren', cwd: '/opt/bin' })).toBe('./warren')
    expect(invocation({ script: MAIN })).toBe('node packages/warren/src/main.ts')
    expect(invocation({ script: MAIN, cwd: '/srv/a/b/c/d' })).toBe(`node ${MAIN}`)
  })

  it('ignores scripts of npm that do not run warren', () => {
    const env = { npm_lifecycle_script: "'vitest'", npm_config_local_prefix: CLONE }
    expect(invocation({ script: MAIN, env })).toBe('node packages/warren/src/main.ts')
  })
})

describe('paths in printed commands', () => {
  it('start at the folder where the user typed the command', () => {
    const npm = { INIT_CWD: '/home/me', npm_lifecycle_script: "'warren'" }
    expect(userFolder({ env: npm, cwd: () => CLONE })).toBe('/home/me')
    const other = { ...npm, npm_lifecycle_script: "'vitest'" }
    expect(userFolder({ env: other, cwd: () => CLONE })).toBe(CLONE)
    expect(userFolder({ env: {}, cwd: () => CLONE })).toBe(CLONE)
    expect(pathFrom('/home/me', `${CLONE}/.warren/demo/logs`)).toBe('warren/.warren/demo/logs')
    expect(pathFrom(CLONE, CLONE)).toBe('.')
  })

  it('are quoted where a shell would split them', () => {
    expect(shellWord('.warren/demo/logs')).toBe('.warren/demo/logs')
    expect(shellWord("my demo's logs")).toBe(String.raw`'my demo'\''s logs'`)
  })
})

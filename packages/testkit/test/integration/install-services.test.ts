import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { installServices } from '../../src/services/install-services.ts'
import type { Requirement } from '../../src/services/requirement.ts'

// A package manager that records its calls; `installs` is the shell command that it runs.
describe('installServices', () => {
  let folder: string
  let path: string | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-apt-'))
    path = process.env['PATH']
    process.env['PATH'] = `${folder}:${path ?? ''}`
  })

  afterEach(async () => {
    process.env['PATH'] = path
    await rm(folder, { recursive: true, force: true })
  })

  async function aptGet(installs: string): Promise<void> {
    const note = `echo "$DEBIAN_FRONTEND $*" >> '${folder}/calls'`
    await writeFile(join(folder, 'apt-get'), `#!/bin/sh\n${note}\n${installs}\n`)
    // Used if the tests do not run as root.
    await writeFile(join(folder, 'sudo'), '#!/bin/sh\nshift\nexec "$@"\n')
    for (const name of ['apt-get', 'sudo']) await chmod(join(folder, name), 0o755)
  }

  function requirement(name: string): Requirement {
    const program = join(folder, name)
    return {
      title: name,
      debianPackage: name,
      brewPackage: name,
      find: () => (existsSync(program) ? program : undefined),
    }
  }

  it('updates, then installs only missing services', async () => {
    await aptGet(`[ "$1" = install ] && touch '${folder}/queue'; exit 0`)
    await writeFile(join(folder, 'store'), '')
    installServices([requirement('store'), requirement('queue')])
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe(
      'noninteractive update -q\nnoninteractive install -q -y --no-install-recommends queue\n',
    )
  })

  it('accepts a package whose own service did not start', async () => {
    await aptGet(`touch '${folder}/queue'; exit 100`)
    installServices([requirement('queue')])
  })

  it('fails if a service is still missing, and names it', async () => {
    await aptGet('exit 100')
    expect(() => installServices([requirement('queue')])).toThrow(
      /queue: (sudo apt-get install -y|brew install) queue\n {2}apt-get update exited with 100/,
    )
  })

  it('does nothing if no service is missing', async () => {
    await aptGet('exit 0')
    installServices([])
    expect(existsSync(join(folder, 'calls'))).toBe(false)
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { integerSetting, setting, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { wrongCommandLines } from '../../../../../scripts/docs/command-lines.ts'
import { brokenLinks, headingAnchors } from '../../../../../scripts/docs/links.ts'
import type { DocProblem } from '../../../../../scripts/docs/markdown.ts'
import { unknownVariables } from '../../../../../scripts/docs/variables.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'warren-docs-'))
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function document(text: string): Promise<string> {
  await writeFile(join(root, 'guide.md'), text)
  return 'guide.md'
}

const shown = (problems: readonly DocProblem[]) =>
  problems.map(({ line, message }) => `${line}: ${message}`)

describe('brokenLinks', () => {
  it('finds links to files and headings that do not exist', async () => {
    await writeFile(join(root, 'other.md'), '# One\n\n## Two words\n')
    const file = await document(
      [
        '# Guide',
        '[a](other.md) [b](other.md#two-words) [c](#guide) [d](https://example.org/x)',
        '[e](gone.md) ![f](gone.svg "title")',
        '[g](other.md#three)',
        '<img src="gone.png">',
        '[h]: gone-too.md',
        '`[i](code.md)`',
        '```sh',
        '[j](fence.md)',
        '```',
      ].join('\n'),
    )
    expect(shown(brokenLinks(root, file))).toEqual([
      '3: links to gone.md, which does not exist',
      '3: links to gone.svg, which does not exist',
      '4: links to other.md#three, a heading that does not exist',
      '5: links to gone.png, which does not exist',
      '6: links to gone-too.md, which does not exist',
    ])
  })

  it('creates the same anchors of headings as GitHub', () => {
    const text = '# A `b` & c!\n## [Link](x.md) _2_\n## Same\n## Same\n```sh\n# comment\n```\n'
    expect(headingAnchors(text)).toEqual(['a-b--c', 'link-_2_', 'same', 'same-1'])
  })
})

describe('wrongCommandLines', () => {
  let done: string[]
  const build = (io: CliIo): Command => {
    const program = new Command('warren').version('1.0.0').exitOverride()
    program.configureOutput({ writeErr: (text) => io.stderr.write(text), writeOut: () => {} })
    program
      .command('report')
      .argument('<files...>')
      .option('--json')
      .action(() => void done.push('acted'))
    const relay = program.command('relay')
    const users = relay.command('users')
    users
      .command('add')
      .argument('<name>')
      .requiredOption('--role <role>')
      .action(() => void done.push('acted'))
    for (const command of [program, ...program.commands, users, ...users.commands]) {
      command.copyInheritedSettings(program)
    }
    return program
  }
  const scripts = ['test', 'warren']

  beforeEach(() => {
    done = []
  })

  it('accepts valid command lines without running them', async () => {
    const file = await document(
      [
        '```sh',
        'warren report --json a.log b.log',
        'RELAY_PORT=80 npx --no-install warren relay users add site-a --role node',
        'warren --version && warren report --help',
        'npm test -- packages/relay && npm run warren -- report a.log && npm ci',
        '```',
        '```ts',
        'warren nonsense',
        '```',
      ].join('\n'),
    )
    expect(await wrongCommandLines(root, file, { build, scripts })).toEqual([])
    expect(done).toEqual([])
  })

  it.each([
    ['warren reprot a.log', /"warren reprot a.log" is invalid: error: unknown command 'reprot'/],
    ['warren report --jsn a.log', /unknown option '--jsn'/],
    ['warren report', /missing required argument 'files'/],
    ['warren relay users add x', /required option '--role <role>' not specified/],
    ['npm run warren -- relay users drop', /unknown command|too many arguments/],
    ['npm run lnit', /npm script lnit does not exist/],
    ['npx warren report a.log', /write npx --no-install warren/],
    ['npx --no-install warren reprot a.log', /unknown command 'reprot'/],
  ])('rejects %s', async (line, message) => {
    const file = await document(`text\n\n\`\`\`sh\n${line}\n\`\`\`\n`)
    const problems = await wrongCommandLines(root, file, { build, scripts })
    expect(problems).toMatchObject([{ line: 4, message: expect.stringMatching(message) }])
  })
})

describe('unknownVariables', () => {
  const port = setting({
    name: 'RELAY_PORT',
    aliases: ['Relay__Port'],
    schema: integerSetting(),
    default: 1,
    description: 'Port.',
  })
  const definition = { program: 'relay', prefixes: ['RELAY_', 'Relay__'], settings: { port } }

  it('finds unknown variables with a prefix of Warren in code', async () => {
    const file = await document(
      [
        'RELAY_PROSE=1',
        '```sh',
        'export RELAY_PORT=80 OTHER_PORT=1 RELAY_PROT=2',
        '```',
        '```yaml',
        'env:',
        '  RELAY_PORT: "80"',
        '  RELAY_HOTS: "80"',
        '  - name: RELAY_NAEM',
        '  relay:port: 1',
        '```',
      ].join('\n'),
    )
    const problems = unknownVariables(root, file, [{ title: 'relay', about: '', definition }])
    expect(shown(problems)).toEqual([
      '3: unknown variable RELAY_PROT',
      '8: unknown variable RELAY_HOTS',
      '9: unknown variable RELAY_NAEM',
    ])
  })
})

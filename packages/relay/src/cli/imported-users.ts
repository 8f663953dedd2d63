import { readFile } from 'node:fs/promises'
import { type CliIo, ExitCode, fileErrorReason, ProgramError } from '@warren/runtime'
import { z } from 'zod'
import type { ImportedUser } from '../nodes/import-plan.ts'
import { canonicalGuid } from '../vocabulary/collection-id.ts'

const requiredText = z.string('expected a text').min(1, 'expected a text')

const userSchema = z.object(
  {
    username: requiredText,
    passwordHash: requiredText,
    collectionIds: z.array(
      requiredText.transform((text, context): string => {
        const id = canonicalGuid(text)
        if (id !== undefined) return id
        context.addIssue('expected a GUID')
        return z.NEVER
      }),
      'expected a list of GUIDs',
    ),
  },
  'expected a JSON object',
)

/** Reads JSON lines, one user per line. Throws a ProgramError (exit code 65) that lists every invalid line. */
export async function readImportedUsers(file: string, io: CliIo): Promise<readonly ImportedUser[]> {
  const text = file === '-' ? await readStdin(io) : await readText(file)
  const problems: string[] = []
  const users = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const parsed = userSchema.safeParse(parseLine(line))
    if (parsed.success) return [{ ...parsed.data, declared: false }]
    // Paths and messages only, because a line contains a password hash.
    const reasons = parsed.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    )
    problems.push(`  line ${index + 1}: ${reasons.join('; ')}`)
    return []
  })
  if (problems.length === 0) return users
  throw new ProgramError(`nothing was imported:\n${problems.join('\n')}`, {
    exitCode: ExitCode.data,
    hint: 'Write each line as {"username": "…", "passwordHash": "…", "collectionIds": ["…"]}.',
  })
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`cannot read ${file}: ${fileErrorReason(error, 'read')}`, {
      exitCode: ExitCode.data,
      cause: error,
    })
  }
}

async function readStdin(io: CliIo): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

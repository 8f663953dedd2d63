import { globSync, readdirSync, statSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { ExitCode, ProgramError } from '@warren/runtime/cli'
import { parseSourceOption } from './source-labels.ts'
import type { SourceLabels } from './source-labels.ts'

/** More files than this are a mistake (a home folder, a whole machine), not a set of logs. */
const MAX_FILES = 5_000

/** A file to read, with its labels. `-` is standard input. */
export interface InputFile {
  path: string
  labels: SourceLabels
}

/**
 * Expands files, folders, globs and `--source labels:FILE` options to a list of files without duplicates, in alphabetical order.
 * @throws ProgramError (usage) for a file that does not exist
 */
export function inputFiles(names: readonly string[], sources: readonly string[]): InputFile[] {
  const found = new Map<string, SourceLabels>()
  for (const name of names) {
    for (const { path, labels } of expand(name)) if (!found.has(path)) found.set(path, labels)
  }
  for (const source of sources) {
    const { labels, file } = parseSourceOption(source)
    for (const expanded of expand(file)) found.set(expanded.path, { ...expanded.labels, ...labels })
  }
  if (found.size > MAX_FILES) {
    throw new ProgramError(`too many files: ${found.size}; a report reads at most ${MAX_FILES}`, {
      exitCode: ExitCode.usage,
    })
  }
  return [...found]
    .map(([path, labels]) => ({ path, labels }))
    .sort((a, b) => compareText(a.path, b.path))
}

/** Order that does not depend on the user's locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function expand(name: string): InputFile[] {
  if (name === '-') return [{ path: '-', labels: {} }]
  const stat = statSync(name, { throwIfNoEntry: false })
  if (stat?.isDirectory() === true) {
    return filesBelow(name).map((path) => ({ path, labels: labelsOfFolder(name, path) }))
  }
  if (stat) return [{ path: name, labels: {} }]
  const matches = globSync(name).filter(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  )
  if (matches.length === 0) {
    const what = /[*?[{]/.test(name) ? `no file matches ${name}` : `${name} does not exist`
    throw new ProgramError(what, {
      exitCode: ExitCode.usage,
      hint: 'Pass files, folders, globs, or - for standard input: warren report logs/',
    })
  }
  return matches.map((path) => ({ path, labels: {} }))
}

function filesBelow(folder: string): string[] {
  const files: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (
      entry.isFile() &&
      // Skip only what is hidden below the folder: the user may pass `.warren/logs` itself.
      !relative(folder, path)
        .split(sep)
        .some((part) => part.startsWith('.'))
    ) {
      files.push(path)
    }
    if (files.length > MAX_FILES) break
  }
  return files
}

/** In `logs/site-a/bunny.log`, read with the folder `logs`, the first subfolder is the cluster. */
function labelsOfFolder(folder: string, path: string): SourceLabels {
  const parts = relative(folder, path).split(sep)
  const cluster = parts.length > 1 ? parts[0] : undefined
  return cluster === undefined ? {} : { cluster }
}

/** `bunny.log.2.gz`, `bunny.log-20250926` and `bunny.log` are rotations of one log. */
export function unrotatedName(path: string): string {
  const name = basename(path).replace(/\.(gz|gzip)$/i, '')
  const plain = name.replace(/([.-]\d{1,3}|[.-]\d{8}(-\d+)?|[._-]previous)$/, '')
  return join(path, '..', plain)
}

/** Position in a rotation: `.2.gz` is older than `.1`, which is older than the file without a number. */
export function rotationRank(path: string): number {
  const name = basename(path).replace(/\.(gz|gzip)$/i, '')
  const number = /[.-](\d{1,3})$/.exec(name)?.[1]
  if (number !== undefined) return -Number(number)
  return /[.-]\d{8}(-\d+)?$|[._-]previous$/.test(name) ? -1 : 0
}

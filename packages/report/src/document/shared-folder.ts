import { mapTexts } from './map-texts.ts'

/**
 * The folder that contains all files, with a trailing slash, if their paths are absolute. The report leaves it out: it is private
 * to the machine of the operator, and the rest of the path identifies the file.
 * @returns '' if there is nothing to leave out
 */
export function sharedFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => path.split('/').slice(0, -1))
  const [first = []] = folders
  const differs = first.findIndex((name, depth) => folders.some((other) => other[depth] !== name))
  const shared = differs === -1 ? first : first.slice(0, differs)
  return shared[0] === '' && shared.length > 1 ? `${shared.join('/')}/` : ''
}

/** Removes `folder` from every text except quoted lines. */
export function withoutFolder(value: unknown, folder: string): unknown {
  if (folder === '') return value
  return mapTexts(value, (text, quoted) => (quoted ? text : text.replaceAll(folder, '')))
}

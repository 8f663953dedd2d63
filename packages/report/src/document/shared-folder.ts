import { mapTexts } from './map-texts.ts'

/**
 * The folder below which all files lie, with the slash at its end, if they were named by absolute paths. Where the logs stood
 * on somebody's machine is nobody's business but theirs, and says nothing; what is below tells the files apart.
 * @returns '' where there is nothing to leave out
 */
export function sharedFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => path.split('/').slice(0, -1))
  const [first = []] = folders
  const differs = first.findIndex((name, depth) => folders.some((other) => other[depth] !== name))
  const shared = differs === -1 ? first : first.slice(0, differs)
  return shared[0] === '' && shared.length > 1 ? `${shared.join('/')}/` : ''
}

/** The same value without `folder` in any of its texts but quoted lines. */
export function withoutFolder(value: unknown, folder: string): unknown {
  if (folder === '') return value
  return mapTexts(value, (text, quoted) => (quoted ? text : text.replaceAll(folder, '')))
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  EMFILE: 'too many files are open',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a folder',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}

/** Why a file cannot be read or written, without its path: for `cannot read FILE: …`. */
export function fileErrorReason(error: unknown, action: 'read' | 'write'): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  // A file that is written is created, so what is missing is its folder.
  if (code === 'ENOENT') return `the ${action === 'read' ? 'file' : 'folder'} does not exist`
  return REASONS[code] ?? error.message
}

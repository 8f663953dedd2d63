import { open, type FileHandle } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { fileErrorReason, ProgramError, type OutputStream } from '@warren/runtime'

export interface ResultOutput extends AsyncDisposable {
  /** Resolves when the text is written. Rejects with `ProgramError`, for example for a closed pipe or a full disk. */
  write(text: string): Promise<void>
  close(): Promise<void>
}

/**
 * A file that only its owner can read, which is emptied at once, so that a wrong path is found before a task is solved. Without a file,
 * standard output.
 */
export async function openOutput(
  file: string | undefined,
  stdout: OutputStream,
): Promise<ResultOutput> {
  return file === undefined ? standardOutput(stdout) : await fileOutput(file)
}

async function fileOutput(path: string): Promise<ResultOutput> {
  const handle = await openPrivate(path).catch((error: unknown) => cannotWrite(path, error))
  let isOpen = true
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    // Some file systems report a full disk only here.
    await handle.close().catch((error: unknown) => cannotWrite(path, error))
  }
  return {
    write: (text) => handle.appendFile(text).catch((error: unknown) => cannotWrite(path, error)),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function openPrivate(path: string): Promise<FileHandle> {
  const handle = await open(path, 'w', 0o600)
  try {
    // A file that exists keeps its mode. A device such as /dev/null must keep it.
    if ((await handle.stat()).isFile()) await handle.chmod(0o600)
    return handle
  } catch (error: unknown) {
    await handle.close()
    throw error
  }
}

const done = (): Promise<void> => Promise.resolve()

function standardOutput(stdout: OutputStream): ResultOutput {
  if (!(stdout instanceof Writable)) {
    const write = async (text: string): Promise<void> => void stdout.write(text)
    return { write, close: done, [Symbol.asyncDispose]: done }
  }
  // Without a listener, a broken pipe ends the process before the callback below reports it.
  stdout.on('error', () => {})
  const write = (text: string): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      stdout.write(text, (error) => (error == null ? resolve() : reject(error)))
    }).catch((error: unknown) => cannotWrite('standard output', error))
  return { write, close: done, [Symbol.asyncDispose]: done }
}

function cannotWrite(where: string, error: unknown): never {
  throw new ProgramError(`cannot write to ${where}: ${fileErrorReason(error, 'write')}`, {
    cause: error,
  })
}

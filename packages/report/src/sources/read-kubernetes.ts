import { open, readFile, stat } from 'node:fs/promises'
import {
  kubernetesFile,
  kubernetesKind,
  MAX_KUBERNETES_BYTES,
} from '../kubernetes/kubernetes-file.ts'
import type { KubernetesFile } from '../kubernetes/kubernetes-file.ts'
import type { InputFile } from '../read/input-files.ts'

const HEAD_BYTES = 8 * 1024

/** Reads a file with the output of kubectl or of a similar command; undefined for logs, compressed files and standard input. */
export async function readKubernetes(input: InputFile): Promise<KubernetesFile | undefined> {
  const { path } = input
  if (path === '-') return undefined
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true || found.size > MAX_KUBERNETES_BYTES) return undefined
  const kind = kubernetesKind(await headOf(path))
  return kind === undefined ? undefined : kubernetesFile(input, kind, await readFile(path))
}

/** '' if the file cannot be read: the reader of logs reports why. */
async function headOf(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r')
    const head = Buffer.alloc(HEAD_BYTES)
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0)
    return head.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  }
}

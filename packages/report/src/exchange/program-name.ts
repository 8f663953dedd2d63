import { roleOfComponent } from '../read/source-labels.ts'
import type { Told } from './network.ts'

/** What to call a program: the site of a client, a pod without its random suffix, or its file. */
export function nameOfProgram(told: Told | undefined, fallback: string): string {
  if (told === undefined) return fallback
  const { labels, file, hostname } = told.source
  if (labels.client !== undefined) return labels.client
  if (told.facts.role === 'client' && labels.cluster !== undefined) return labels.cluster
  const pod = labels.pod ?? (hostname === '' ? undefined : hostname)
  if (pod !== undefined) return pod.replace(/-[a-f0-9]{6,10}-[a-z0-9]{5}$/, '').replace(/-\d+$/, '')
  if (labels.container !== undefined) return labels.container
  if (file === '-') return fallback
  const base = (file.split('/').at(-1) ?? '').replace(/\.(log|txt|json|jsonl|csv|gz|out)\b.*$/i, '')
  if (base === '') return fallback
  return roleOfComponent(base) === 'client' ? fallback : base
}

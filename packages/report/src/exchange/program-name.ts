import { roleOfComponent } from '../read/source-labels.ts'
import type { Facts } from '../facts/facts.ts'
import type { LogSource } from '../formats/log-source.ts'

/** One log and what wrote it. */
interface Writer {
  readonly facts: Facts
  readonly source: LogSource
}

const POD = /-[a-f0-9]{6,10}-[a-z0-9]{5}$/
const REPLICA = /-\d+$/

/** What to call the programs: the site of a client, a pod without its random suffix, or the file. Not yet told apart. */
export function nameOfProgram({ facts, source }: Writer, shared: ReadonlySet<string>): string {
  const { labels, file, hostname } = source
  if (labels.client !== undefined) return labels.client
  if (facts.role === 'client' && labels.cluster !== undefined) return labels.cluster
  const pod = labels.pod ?? (POD.test(hostname) ? hostname : undefined)
  if (pod !== undefined) return ownName(facts, pod) || deploymentOf(pod)
  if (labels.container !== undefined) return labels.container
  const base = (file.split('/').at(-1) ?? '').replace(/\.(log|txt|json|jsonl|csv|gz|out)\b.*$/i, '')
  const byFile = base === '-' ? '' : ownName(facts, base)
  // A machine is more than the program that runs on it.
  const byMachine = shared.has(hostname) ? '' : ownName(facts, hostname)
  return byFile || byMachine || (facts.role === 'relay' ? 'relay' : facts.role)
}

/**
 * Names of machines that cannot be names of programs, because several programs run there: of different roles, or of one role at
 * the same time. Programs that follow one another are one that was started again.
 */
export function sharedHostnames(writers: readonly Writer[]): Set<string> {
  const machines = Map.groupBy(
    writers.filter(({ source }) => source.labels.pod === undefined),
    ({ source }) => source.hostname,
  )
  const shared = [...machines].filter(([, there]) =>
    there.some((one, index) =>
      there
        .slice(index + 1)
        .some((other) => other.facts.role !== one.facts.role || runsAlongside(one, other)),
    ),
  )
  return new Set(['', ...shared.map(([hostname]) => hostname)])
}

/** Two logs cover a time together. */
export function runsAlongside({ source: a }: Writer, { source: b }: Writer): boolean {
  return a !== b && a.first < b.last && b.first < a.last
}

/** A pod without the random part of its name: `hub-relay-6d5f7c9b8-x2k4q`, `rabbitmq-0`. */
function deploymentOf(pod: string): string {
  return pod.replace(POD, '').replace(REPLICA, '')
}

/** A client is called by its site: `bunny-northgate` is northgate, and `bunny` alone says nothing. */
function ownName({ role }: Facts, full: string): string {
  const name = deploymentOf(full)
  if (role !== 'client') return name
  const words = name.split(/[-_.]/)
  const rest = words.filter((word) => roleOfComponent(word) !== 'client')
  return rest.length === words.length ? name : rest.join('-')
}

/** Something with a name, and by what it may be told from others of that name. */
export interface Named {
  readonly name: string
  /** From the most telling to the least; undefined where it is not known. */
  readonly qualifiers: readonly (string | undefined)[]
}

/**
 * Names under which nobody is taken for another. Where several share one, what tells them apart is put behind it, else a number.
 * Those in `taken` are given away already.
 */
export function distinctNames(
  items: readonly Named[],
  taken: readonly string[] = [],
): readonly string[] {
  const used = new Set(taken.map((name) => name.toLowerCase()))
  const groups = Map.groupBy(items, ({ name }) => name.toLowerCase())
  const names = new Map<Named, string>()
  for (const [key, group] of groups) {
    const free = group.length === 1 && !used.has(key)
    const by = free ? undefined : distinguishingQualifier(group)
    for (const item of group) {
      const qualifier = by === undefined ? undefined : item.qualifiers[by]
      const wanted = qualifier === undefined ? item.name : `${item.name} (${qualifier})`
      let name = wanted
      for (let n = 2; used.has(name.toLowerCase()); n++) name = `${wanted} ${n}`
      used.add(name.toLowerCase())
      names.set(item, name)
    }
  }
  return items.map((item) => names.get(item) ?? item.name)
}

/** Place of the first qualifier that all of the group have, each another one. */
function distinguishingQualifier(group: readonly Named[]): number | undefined {
  const most = Math.max(...group.map(({ qualifiers }) => qualifiers.length))
  for (let at = 0; at < most; at++) {
    const values = group.map(({ qualifiers }) => qualifiers[at])
    if (values.every((value) => value !== undefined) && new Set(values).size === group.length)
      return at
  }
  return undefined
}

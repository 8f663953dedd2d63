import { roleOfComponent } from '../read/source-labels.ts'
import type { Facts } from '../facts/facts.ts'
import type { LogSource } from '../sources/log-source.ts'

/** A log and the facts of the program that wrote it. */
interface Writer {
  readonly facts: Facts
  readonly source: LogSource
}

const POD = /-[a-f0-9]{6,10}-[a-z0-9]{5}$/
const REPLICA = /-\d+$/

/** What a file name holds after the name of its program. */
const NAME_END = /\.(?:log|txt|md|json|jsonl|csv|gz|out)\b.*$/i

/** Name of the program: the site of a client, the pod without its random suffix, or the file. Not unique yet. */
export function nameOfProgram({ facts, source }: Writer, shared: ReadonlySet<string>): string {
  const { labels, file, hostname } = source
  if (labels.client !== undefined) return labels.client
  if (facts.role === 'client' && labels.cluster !== undefined) return labels.cluster
  const pod = labels.pod ?? (POD.test(hostname) ? hostname : undefined)
  if (pod !== undefined) return ownName(facts, pod) || deploymentOf(pod)
  if (labels.container !== undefined) return labels.container
  const base = (file.split('/').at(-1) ?? '').replace(NAME_END, '')
  const byFile = base === '-' || shared.has(file) ? '' : ownName(facts, base)
  // A host name is not the name of a program if several programs run there.
  const byMachine = shared.has(hostname) ? '' : ownName(facts, hostname)
  return byFile || byMachine || (facts.role === 'relay' ? 'relay' : facts.role)
}

/**
 * Host names and files that cannot name a program because several programs run or log there: in different roles, or in one role at the
 * same time. Programs that ran one after the other are one program that was restarted.
 */
export function sharedPlaces(writers: readonly Writer[]): Set<string> {
  const single = writers.filter(({ source }) => source.labels.pod === undefined)
  const byMachine = Map.groupBy(single, ({ source }) => source.hostname)
  const byFile = Map.groupBy(single, ({ source }) => source.file)
  const shared = [...byMachine, ...byFile].filter(([, there]) =>
    there.some((one, index) =>
      there
        .slice(index + 1)
        .some((other) => other.facts.role !== one.facts.role || runsAlongside(one, other)),
    ),
  )
  return new Set(['', ...shared.map(([place]) => place)])
}

/** The time ranges of two logs overlap. */
export function runsAlongside({ source: a }: Writer, { source: b }: Writer): boolean {
  return a !== b && a.first < b.last && b.first < a.last
}

/** Name of one of several processes of a program: its pod, its host or its file. */
export function nameOfInstance({
  source: { labels, hostname, file },
}: Pick<Writer, 'source'>): string {
  return labels.pod ?? (hostname || (file.split('/').at(-1) ?? file))
}

/** A pod name without its random suffix: `hub-relay-6d5f7c9b8-x2k4q`, `rabbitmq-0`. */
export function deploymentOf(pod: string): string {
  return pod.replace(POD, '').replace(REPLICA, '')
}

/** A client is named after its site: `bunny-northgate` becomes northgate, and `bunny` alone becomes empty. */
function ownName({ role }: Facts, full: string): string {
  const name = deploymentOf(full)
  if (role !== 'client') return name
  const words = name.split(/[-_.]/)
  const rest = words.filter((word) => roleOfComponent(word) !== 'client')
  return rest.length === words.length ? name : rest.join('-')
}

/** A name, and what distinguishes its bearer from others with that name. */
export interface Named {
  readonly name: string
  /** The best one first; undefined if not known. */
  readonly qualifiers: readonly (string | undefined)[]
}

/**
 * Unique names. If several items share a name, a qualifier that differs between them is added, or else a number. Names in `taken`
 * are already in use.
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

/** Index of the first qualifier that every member of the group has, with a different value each. */
function distinguishingQualifier(group: readonly Named[]): number | undefined {
  const most = Math.max(...group.map(({ qualifiers }) => qualifiers.length))
  for (let at = 0; at < most; at++) {
    const values = group.map(({ qualifiers }) => qualifiers[at])
    if (values.every((value) => value !== undefined) && new Set(values).size === group.length)
      return at
  }
  return undefined
}

import type { ComparedReport, ReportFinding, ReportLink } from './compared-report.ts'

/** Finds the links and components of the earlier report in the later one. IDs differ between reports, so names decide. */
export class Counterparts {
  readonly #before: Names
  readonly #after: Names

  constructor(before: ComparedReport, after: ComparedReport) {
    this.#before = new Names(before)
    this.#after = new Names(after)
  }

  /** The same link in the later report; undefined if it is in none of its logs. */
  link(id: string): ReportLink | undefined {
    const link = this.#before.links.get(id)
    if (link === undefined) return undefined
    const from = this.#before.name(link.from)
    const to = this.#before.name(link.to)
    const same = this.#after.linksOf(link.kind)
    const exact = same.find(
      (one) => this.#after.name(one.from) === from && this.#after.name(one.to) === to,
    )
    if (exact !== undefined) return exact
    const alike = same.filter((one) => this.#after.name(one.from) === from)
    const rivals = this.#before
      .linksOf(link.kind)
      .filter((one) => this.#before.name(one.from) === from)
    const [only] = alike
    // Whether a relay without a log is the earlier one cannot be verified.
    if (only !== undefined && alike.length === 1 && rivals.length === 1) {
      return this.#after.hasLog(only.to) ? only : undefined
    }
    // Two clients may be two sites, but a network with one database has the same one later.
    const single = same.length === 1 && this.#before.linksOf(link.kind).length === 1
    return link.kind !== 'poll' && single ? same[0] : undefined
  }

  /** The later logs show the client polling a relay that may be another one: it has no log, and its name differs. */
  pollsElsewhere(id: string): boolean {
    const link = this.#before.links.get(id)
    if (link === undefined || this.link(id) !== undefined) return false
    const from = this.#before.name(link.from)
    return this.#after.linksOf(link.kind).some((one) => this.#after.name(one.from) === from)
  }

  /** ID of the same component in the later report. */
  component(id: string): string | undefined {
    const component = this.#before.components.get(id)
    if (component === undefined) return undefined
    const { role, name } = component
    const same = this.#after.componentsOf(role)
    const exact = same.find((one) => one.name === name)
    if (exact !== undefined || role === 'client') return exact?.id
    const single = same.length === 1 && this.#before.componentsOf(role).length === 1
    return single ? same[0]?.id : undefined
  }

  componentName(id: string | null): string {
    return id === null ? '' : this.#before.name(id)
  }

  linkName(id: string): string {
    return this.#before.links.get(id)?.name ?? id
  }
}

class Names {
  readonly links: ReadonlyMap<string, ReportLink>
  readonly components: ReadonlyMap<string, ComparedReport['components'][number]>

  constructor({ links, components }: ComparedReport) {
    this.links = new Map(links.map((link) => [link.id, link]))
    this.components = new Map(components.map((component) => [component.id, component]))
  }

  name(component: string): string {
    return this.components.get(component)?.name ?? component
  }

  hasLog(component: string): boolean {
    return this.components.get(component)?.seenIn === 'own-log'
  }

  linksOf(kind: string): ReportLink[] {
    return [...this.links.values()].filter((link) => link.kind === kind)
  }

  componentsOf(role: string): ComparedReport['components'][number][] {
    return [...this.components.values()].filter((component) => component.role === role)
  }
}

/** IDs of the links that a finding is about. */
export function linksOf({ link, affects }: ReportFinding): string[] {
  return [...new Set([...(link === null ? [] : [link]), ...affects])]
}

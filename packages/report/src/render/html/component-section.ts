import type { Component } from '../../document/report-document.ts'
import { ROLE_LABEL, SEEN_IN_LABEL, componentSummary } from '../wording.ts'
import { purposesOf } from '../flow-line.ts'
import { html, type SafeHtml } from './html-template.ts'
import { cell, list, scrolling, type PageContext } from './page-context.ts'

// A longer table is collapsed.
const MAX_OPEN = 16

export function renderComponents({ document }: PageContext): SafeHtml {
  const { components, clocks } = document
  if (components.length === 0) return html`<p>No component was found in the logs.</p>`
  const clockList = list(clocks.map(({ text }) => text))
  return html`<p>${componentSummary(components)}</p>
    ${list(purposesOf(components))}
    ${collapsible(components.length > MAX_OPEN, `All ${components.length} components`, scrolling('Components', table(components)))}
    ${
      clockList === null
        ? null
        : html`<h3>Clocks</h3>
            ${collapsible(clocks.length > MAX_OPEN, `All ${clocks.length} clocks`, clockList)}`
    }`
}

function collapsible(isCollapsed: boolean, title: string, content: SafeHtml): SafeHtml {
  return isCollapsed
    ? html`<details>
        <summary>${title}</summary>
        ${content}
      </details>`
    : content
}

function table(components: readonly Component[]): SafeHtml {
  return html`<table class="stacked">
    <thead>
      <tr>
        <th scope="col">component</th>
        <th scope="col">role</th>
        <th scope="col">location</th>
        <th scope="col">program</th>
        <th scope="col">evidence</th>
        <th scope="col">activity</th>
      </tr>
    </thead>
    <tbody>
      ${components.map((component) => row(component))}
    </tbody>
  </table>`
}

function row(component: Component): SafeHtml {
  const where = [component.cluster, component.namespace, component.pod].filter(
    (part) => part !== null,
  )
  const program = [component.program, component.version].filter((part) => part !== null)
  return html`<tr>
    <th scope="row">${component.name}</th>
    ${cell('role', ROLE_LABEL[component.role])} ${cell('location', where.join(' / ') || '–')}
    ${cell('program', program.join(' ') || '–')}
    ${cell('evidence', SEEN_IN_LABEL[component.seenIn])}
    ${cell('activity', component.activity, 'wide')}
  </tr>`
}

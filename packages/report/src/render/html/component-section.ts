import type { Component } from '../../document/report-document.ts'
import { ROLE_WORD, SEEN_WORD, rollCall } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { list, scrolling, type PageContext } from './page-context.ts'

// A longer table is folded away below its summary.
const MOST_OPEN = 16

export function componentSection({ document }: PageContext): SafeHtml {
  const { components, clocks } = document
  if (components.length === 0) return html`<p>No component was recognised.</p>`
  const clockList = list(clocks.map(({ text }) => text))
  return html`<p>${rollCall(components)}</p>
    ${folded(components.length > MOST_OPEN, `All ${components.length} components`, scrolling('Components', table(components)))}
    ${
      clockList === null
        ? null
        : html`<h3>Clocks</h3>
            ${folded(clocks.length > MOST_OPEN, `All ${clocks.length} clocks`, clockList)}`
    }`
}

function folded(yes: boolean, title: string, content: SafeHtml): SafeHtml {
  return yes
    ? html`<details>
        <summary>${title}</summary>
        ${content}
      </details>`
    : content
}

function table(components: readonly Component[]): SafeHtml {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">component</th>
        <th scope="col">role</th>
        <th scope="col">where</th>
        <th scope="col">program</th>
        <th scope="col">known from</th>
        <th scope="col">what it did</th>
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
    <td>${ROLE_WORD[component.role]}</td>
    <td>${where.join(' / ') || '–'}</td>
    <td>${program.join(' ') || '–'}</td>
    <td>${SEEN_WORD[component.seenIn]}</td>
    <td class="wide">${component.doing}</td>
  </tr>`
}

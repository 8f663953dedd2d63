/** Markup that is safe to put into a page: made by `html`, never from a log. */
export class SafeHtml {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Value = SafeHtml | string | number | null | undefined | readonly Value[]

/** A template in which every value is escaped unless it is markup itself; lists are joined, null is left out. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): SafeHtml {
  return new SafeHtml(
    strings
      .map((text, index) => text + (index < values.length ? write(values[index]) : ''))
      .join(''),
  )
}

function write(value: Value): string {
  if (value === null || value === undefined) return ''
  if (value instanceof SafeHtml) return value.markup
  if (typeof value === 'object') return value.map((item) => write(item)).join('')
  return String(value).replaceAll(/[&<>"']/g, (character) => ENTITY[character] ?? character)
}

const ENTITY: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

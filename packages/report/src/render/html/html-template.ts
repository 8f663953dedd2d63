/** Markup that is safe to put into a page: `html` makes it, log text never becomes markup. */
export class SafeHtml {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Value = SafeHtml | string | number | null | undefined | readonly Value[]

/** Escapes every value that is not `SafeHtml`, joins lists and omits null. */
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

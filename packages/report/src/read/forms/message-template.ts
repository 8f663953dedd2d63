import type { JsonRecord } from './json-parts.ts'
import { textIn } from './json-parts.ts'

/** `{Elapsed:0.0000}`, `{@Request}`, `{Count,5}` */
const HOLE = /\{[@$]?(\w{1,60})(?:,-?\d{1,3})?(?::([^{}]{1,40}))?\}/g
/** Serilog quotes texts in rendered messages, and its text output does not. */
const QUOTED = /"([^"\s]{0,500})"/g

/**
 * The message of a Serilog event.
 * @param template text with holes, '' if unknown
 * @param renderings texts of the holes with a format, in order
 * @param rendered the message as rendered by Serilog, '' if unknown
 */
export function renderTemplate(
  template: string,
  properties: JsonRecord,
  renderings: unknown,
  rendered: string,
): string {
  if (template === '') return rendered.replaceAll(QUOTED, '$1')
  const formatted: unknown[] = Array.isArray(renderings) ? [...renderings] : []
  return template.replaceAll(HOLE, (hole: string, name: string, format: string | undefined) => {
    const next = format === undefined ? undefined : formatted.shift()
    if (typeof next === 'string') return next
    return textIn(properties, name) || hole
  })
}

import { isRecord } from '../forms/json-parts.ts'
import type { JsonRecord } from '../forms/json-parts.ts'
import { RECORD_FORMS } from '../forms/record-forms.ts'
import type { LineView } from '../line-view.ts'
import { writeLine } from './written-line.ts'
import type { Wrapper } from './wrapper.ts'

/** JSON events of programs whose text the report reads: see `RECORD_FORMS`. */
export class RecordFormWrapper implements Wrapper {
  readonly holdsLineEnds = true
  #name = 'JSON events'

  get name(): string {
    return this.#name
  }

  unwrap(view: LineView): boolean {
    const { buf, start, end } = view
    if (buf[start] !== 123) return false
    const record = parsed(buf.toString('utf8', start, end))
    if (record === undefined) return false
    const form = RECORD_FORMS.find(({ has }) =>
      has.every((names) => names.some((name) => name in record)),
    )
    const line = form?.line(record)
    if (form === undefined || line === undefined) return false
    this.#name = form.name
    writeLine(view, line)
    return true
  }

  labels(): Record<string, never> {
    return {}
  }
}

function parsed(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

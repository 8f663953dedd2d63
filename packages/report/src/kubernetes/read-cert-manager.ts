import { timeOf } from './incident.ts'
import type { Incident } from './incident.ts'

/** `2025-09-26T06:56:21.1Z E0926 06:56:21.123456       1 controller.go:167] "re-queuing item" logger="cert-manager.…" key="hub/tls" err="…"` */
const LINE = /^(?:(?:\[\S+\] )?(\S+Z) )?([IWEF])\d{4} [\d:.]+\s+\d+ \S+\] .*cert-manager/
const NAME = /\b(?:key|resource_name|item)="(?:([^"/]*)\/)?([^"/]+)"/

/** Whether the text is a log of cert-manager. */
export function isCertManagerLog(lines: readonly string[]): boolean {
  return lines.slice(0, 50).some((line) => LINE.test(line))
}

/** Errors of cert-manager about a certificate, counted per certificate. The lines have no year: only a collector's stamp is a time. */
export function readCertManager(lines: readonly string[]): Incident[] {
  const byName = new Map<string, Incident>()
  lines.forEach((text, index) => {
    const [, stamp, level] = LINE.exec(text) ?? []
    const [, namespace = '', name = ''] = NAME.exec(text) ?? []
    if (level !== 'E' || name === '') return
    const at = timeOf(stamp)
    const known = byName.get(`${namespace}/${name}`)
    byName.set(`${namespace}/${name}`, {
      kind: 'certificate-not-renewed',
      namespace,
      name,
      first: known?.first ?? at,
      last: at,
      count: (known?.count ?? 0) + 1,
      isEvent: true,
      current: false,
      detail: 'error in the log of cert-manager',
      line: known?.line ?? index + 1,
    })
  })
  return [...byName.values()]
}

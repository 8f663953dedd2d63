import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { daysLeft, leftText, printable, SOON_DAYS } from './certificate.ts'
import type { Checklist } from './checklist.ts'
import { failed, ok, warning } from './step.ts'

const RENEW = 'Ask the authority that issued the certificate for a new one, and replace the files.'

/** The certificate with which the bunny authenticates to the relay, which can be read and fits its key. */
export function checkClientCertificate(
  list: Checklist,
  file: { readonly name: string; readonly path: string },
  now: number = Date.now(),
): Promise<boolean> {
  const name = { id: 'relay.certificate', area: 'network', title: 'client certificate' } as const
  return list.run(name, async () => {
    const certificate = new X509Certificate(await readFile(file.path))
    const days = daysLeft(certificate.validToDate.getTime(), now)
    const what = printable(
      `${oneLine(certificate.subject)}, issuer ${oneLine(certificate.issuer)}, ${leftText(days)}`,
    )
    if (certificate.validFromDate.getTime() > now) {
      return failed(`it is not valid yet. ${what}`, 'Check the clock of this machine.')
    }
    if (days < 0) return failed(`it has expired. ${what}`, RENEW)
    return days < SOON_DAYS ? warning(`it expires soon. ${what}`, RENEW) : ok(what)
  })
}

/** `CN=site north, O=Example`: Node.js puts each part on a line. */
const oneLine = (name: string): string => name.split('\n').join(', ')

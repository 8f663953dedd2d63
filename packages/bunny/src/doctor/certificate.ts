import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { failed, ok, warning, type Finding } from './step.ts'

const DAY_MS = 86_400_000
/** Certificates are usually renewed a month before they expire. */
export const SOON_DAYS = 14

const CHAIN_ADVICE =
  'If the relay or a proxy uses its own authority, put its certificate (PEM) into a file and set TASK_API_CA_FILE to it.'

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['it is signed by itself', CHAIN_ADVICE],
  SELF_SIGNED_CERT_IN_CHAIN: ['its authority is not trusted', CHAIN_ADVICE],
  UNABLE_TO_GET_ISSUER_CERT: ['its authority is not trusted', CHAIN_ADVICE],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its authority is not trusted', CHAIN_ADVICE],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'the server sends no certificate of its authority',
    `Ask the operator of the relay to add the intermediate certificates. ${CHAIN_ADVICE}`,
  ],
  CERT_HAS_EXPIRED: ['it has expired', 'Ask the operator of the relay to renew the certificate.'],
  CERT_NOT_YET_VALID: ['it is not valid yet', 'Check the clock of this machine.'],
  CERT_REVOKED: ['it was revoked', 'Ask the operator of the relay to renew the certificate.'],
}

/** What the certificate of a server says, and every check that it does not pass. */
export function checkCertificate(socket: TLSSocket, host: string, now: number): Finding {
  const certificate = socket.getPeerCertificate(true)
  if (certificate.raw === undefined) return failed('the server sent no certificate')
  const until = Date.parse(certificate.valid_to)
  const from = Date.parse(certificate.valid_from)
  const days = daysLeft(until, now)
  const described = describe(socket, certificate, days)

  const problems: string[] = []
  const advice = new Set<string>()
  const add = (problem: string, what: string): void => {
    problems.push(problem)
    advice.add(what)
  }
  if (checkServerIdentity(host, certificate) !== undefined) {
    add(
      `it is not for ${host}`,
      'Check the host name in TASK_API_BASE_URL. If it is right, this address leads to another server.',
    )
  }
  const code = String(socket.authorizationError ?? '')
  const chain = REASONS[code]
  if (!socket.authorized && chain !== undefined) add(...chain)
  else if (!socket.authorized && code !== '' && code !== 'ERR_TLS_CERT_ALTNAME_INVALID') {
    add(`it is not trusted (${code})`, CHAIN_ADVICE)
  }
  // OpenSSL reports one problem per chain, and the others would be found only after it is solved.
  const isReported = problems.some((one) => /expired|valid yet/.test(one))
  if (!isReported && until < now) add(...(REASONS['CERT_HAS_EXPIRED'] ?? ['', '']))
  if (!isReported && from > now) add(...(REASONS['CERT_NOT_YET_VALID'] ?? ['', '']))

  if (problems.length > 0) {
    return failed(`the certificate is not valid: ${problems.join(', ')}. ${described}`, ...advice)
  }
  if (days < SOON_DAYS) {
    const what = days < 1 ? 'expires within a day' : `expires in ${counted(days)}`
    return warning(
      `the certificate ${what}. ${described}`,
      'Ask the operator of the relay to renew the certificate.',
    )
  }
  return ok(described)
}

/** Whole days from `now` to `until`, both in milliseconds; negative if it has passed. */
export const daysLeft = (until: number, now: number): number => Math.floor((until - now) / DAY_MS)

/** `61 days left` */
export const leftText = (days: number): string =>
  days < 0
    ? `expired ${counted(-days)} ago`
    : days === 0
      ? 'less than a day left'
      : `${counted(days)} left`

const counted = (days: number): string => `${days} day${days === 1 ? '' : 's'}`

function describe(socket: TLSSocket, certificate: DetailedPeerCertificate, days: number): string {
  const names = (certificate.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
    .filter((name) => name !== '')
  const shown = names.slice(0, 4).join(', ')
  const more = names.length > 4 ? ` and ${names.length - 4} more` : ''
  const issuer = one(certificate.issuer.O ?? certificate.issuer.CN)
  return printable(
    `${socket.getProtocol() ?? 'TLS'}, names ${shown === '' ? 'none' : shown}${more}, issuer ${issuer}, ${leftText(days)}`,
  )
}

const one = (value: string | string[] | undefined): string =>
  (Array.isArray(value) ? value[0] : value) ?? 'unknown'

/** The server chooses these texts: without control characters and bounded. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 300)
}

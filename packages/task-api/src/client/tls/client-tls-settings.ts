import type { ClientTlsFiles } from './client-tls.ts'

/** Paths of certificate files, by the end of the variable that names them. */
export interface ClientTlsPaths {
  readonly CA_FILE?: string | undefined
  readonly CLIENT_CERT_FILE?: string | undefined
  readonly CLIENT_KEY_FILE?: string | undefined
}

/** The files that the variables with this prefix name, such as `TASK_API_CA_FILE`. */
export function clientTlsFiles(prefix: string, paths: ClientTlsPaths): ClientTlsFiles {
  const { CA_FILE, CLIENT_CERT_FILE, CLIENT_KEY_FILE } = paths
  const file = (end: keyof ClientTlsPaths, path: string) => ({ name: prefix + end, path })
  return {
    ...(CA_FILE === undefined ? {} : { authorities: file('CA_FILE', CA_FILE) }),
    ...(CLIENT_CERT_FILE === undefined
      ? {}
      : { certificate: file('CLIENT_CERT_FILE', CLIENT_CERT_FILE) }),
    ...(CLIENT_KEY_FILE === undefined ? {} : { key: file('CLIENT_KEY_FILE', CLIENT_KEY_FILE) }),
  }
}

/** A certificate without a key, or a key without a certificate. */
export function clientTlsProblems(
  prefix: string,
  { certificate, key }: ClientTlsFiles,
): { name: string; message: string; hint: string }[] {
  if ((certificate === undefined) === (key === undefined)) return []
  const [present, absent] =
    key === undefined
      ? ['CLIENT_CERT_FILE', 'CLIENT_KEY_FILE']
      : ['CLIENT_KEY_FILE', 'CLIENT_CERT_FILE']
  const message = `not set, but required with ${prefix}${present}`
  return [{ name: prefix + absent, message, hint: 'Set both or neither.' }]
}

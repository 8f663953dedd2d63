import { ExitCode, type Logger, ProgramError } from '@warren/runtime'
import { TlsCertificate, TlsFileError } from '@warren/runtime/http'
import type { RelayConfig } from '../config/relay-config.ts'

const CHECK_MS = 10_000

/**
 * The certificate of the relay, which is replaced when its files change; undefined if it serves http.
 * @throws ProgramError with exit code 78 for a file that cannot be used
 */
export async function openCertificate(
  config: RelayConfig,
  { log, onRead }: { readonly log: Logger; readonly onRead: (expiresAt: Date) => void },
): Promise<TlsCertificate | undefined> {
  const { tlsCertificateFile, tlsKeyFile, tlsClientAuthorityFile } = config
  if (tlsCertificateFile === undefined || tlsKeyFile === undefined) return undefined
  const certificate = await read({
    certificate: { variable: 'RELAY_TLS_CERT_FILE', path: tlsCertificateFile },
    key: { variable: 'RELAY_TLS_KEY_FILE', path: tlsKeyFile },
    clientAuthorities:
      tlsClientAuthorityFile === undefined
        ? undefined
        : { variable: 'RELAY_TLS_CLIENT_CA_FILE', path: tlsClientAuthorityFile },
  })
  onRead(certificate.expiresAt)
  certificate.watch(CHECK_MS, {
    onReload: ({ expiresAt }) => {
      onRead(expiresAt)
      log.info({ expiresAt: expiresAt.toISOString() }, 'certificate replaced')
    },
    onFailure: (error) => log.error({ detail: error.message }, 'certificate not replaced'),
  })
  return certificate
}

async function read(files: Parameters<typeof TlsCertificate.read>[0]): Promise<TlsCertificate> {
  try {
    return await TlsCertificate.read(files)
  } catch (error: unknown) {
    if (!(error instanceof TlsFileError)) throw error
    throw new ProgramError(error.message, {
      exitCode: ExitCode.config,
      hint: 'Set the variable to a PEM file that the relay can read.',
      cause: error,
    })
  }
}

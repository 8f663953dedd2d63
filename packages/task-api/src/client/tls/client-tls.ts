import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates } from 'node:tls'
import type { TlsContexts } from '../route/connections.ts'
import {
  certificateSources,
  readCertificates,
  type CertificateSource,
} from './trusted-certificates.ts'

/** Files that the program's own settings name, in addition to those of the environment. */
export interface ClientTlsFiles {
  /** Trusted certificates, PEM: a file or a folder. */
  readonly authorities?: CertificateSource
  /** The certificate with which this program authenticates, and intermediate certificates, PEM. */
  readonly certificate?: CertificateSource
  /** Its key, PEM without a passphrase. */
  readonly key?: CertificateSource
}

export interface ClientTlsOptions {
  readonly env: NodeJS.ProcessEnv
  readonly files: ClientTlsFiles
  readonly now: () => number
  /** Called once per problem of files that changed and cannot be used. The certificates before it stay in use. */
  readonly onProblem: (error: Error) => void
}

interface Material {
  readonly authorities: readonly string[]
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** How often the files are read again: notifications of changes are unreliable for mounted secrets. */
const CHECK_EVERY_MS = 30_000

/** The certificates of outgoing connections. Files that change are read again while the program runs. */
export class ClientTls {
  readonly #options: ClientTlsOptions
  #contexts: TlsContexts
  /** The content of the files in use. */
  #seen: string
  #problem: string | undefined
  #checkedAt: number

  /** @throws Error for a file that cannot be used */
  constructor(options: ClientTlsOptions) {
    this.#options = options
    this.#checkedAt = options.now()
    const material = this.#read()
    this.#seen = JSON.stringify(material)
    this.#contexts = openContexts(options.files, material)
  }

  /** The same object as before, unless the files have changed. */
  get contexts(): TlsContexts {
    const { now, files, onProblem } = this.#options
    if (Math.abs(now() - this.#checkedAt) < CHECK_EVERY_MS) return this.#contexts
    this.#checkedAt = now()
    try {
      const material = this.#read()
      const content = JSON.stringify(material)
      if (content === this.#seen) return this.#contexts
      this.#contexts = openContexts(files, material)
      this.#seen = content
      this.#problem = undefined
    } catch (error: unknown) {
      // A certificate and its key are replaced one after the other. The next check reads both.
      const problem = error instanceof Error ? error : new Error(String(error))
      if (this.#problem !== problem.message) onProblem(problem)
      this.#problem = problem.message
    }
    return this.#contexts
  }

  #read(): Material {
    const { env, files } = this.#options
    const sources = certificateSources(env)
    if (files.authorities !== undefined) sources.push(files.authorities)
    return {
      authorities: [...new Set(sources.flatMap((source) => readCertificates(source)))],
      certificate: readFile(files.certificate),
      key: readFile(files.key),
    }
  }
}

function readFile(source: CertificateSource | undefined): string | undefined {
  if (source === undefined) return undefined
  try {
    return readFileSync(source.path, 'utf8')
  } catch (error: unknown) {
    throw new Error(`${source.name}: cannot read ${source.path}`, { cause: error })
  }
}

// Opened once: parsing the certificates again for every connection takes 40 ms.
function openContexts(files: ClientTlsFiles, material: Material): TlsContexts {
  const { authorities, certificate, key } = material
  assertUsable(files, material)
  const ca =
    authorities.length === 0 ? {} : { ca: [...getCACertificates('default'), ...authorities] }
  const proxy = authorities.length === 0 ? undefined : createSecureContext(ca)
  if (certificate === undefined || key === undefined) return { server: proxy, proxy }
  return { server: createSecureContext({ ...ca, cert: certificate, key }), proxy }
}

const nameOf = (file: CertificateSource | undefined): string =>
  file?.name ?? 'the client certificate'

/** The messages of OpenSSL name no file. @throws Error for the first file that does not fit */
function assertUsable(files: ClientTlsFiles, { certificate, key }: Material): void {
  if (certificate === undefined && key === undefined) return
  if (certificate === undefined || key === undefined) {
    const [present, absent] =
      key === undefined ? ['a certificate', 'no key'] : ['a key', 'no certificate']
    throw new Error(`${nameOf(files.certificate ?? files.key)}: there is ${present} and ${absent}`)
  }
  const parsed = attempt(
    () => new X509Certificate(certificate),
    `${nameOf(files.certificate)}: ${files.certificate?.path ?? ''} is not a certificate in PEM format`,
  )
  const privateKey = attempt(
    () => createPrivateKey(key),
    `${nameOf(files.key)}: ${files.key?.path ?? ''} is not a private key in PEM format without a passphrase`,
  )
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new Error(
      `${nameOf(files.key)}: ${files.key?.path ?? ''} does not belong to ${nameOf(files.certificate)}`,
    )
  }
}

/** The error of the parser may quote the key, so it is not attached as the cause. */
function attempt<T>(parse: () => T, problem: string): T {
  try {
    return parse()
  } catch {
    throw new Error(problem)
  }
}

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { type Server as TlsServer, type TlsOptions, TLSSocket } from 'node:tls'

/** A file and the variable that names it. */
export interface NamedFile {
  readonly variable: string
  readonly path: string
}

export interface TlsFiles {
  /** The certificate of the server and the intermediate certificates, PEM. */
  readonly certificate: NamedFile
  readonly key: NamedFile
  /** Certificates of the authorities that sign client certificates, PEM. Undefined: clients need no certificate. */
  readonly clientAuthorities: NamedFile | undefined
}

/** A file that cannot be read or does not fit. The message contains the variable and the path, and nothing of the file. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError'

  constructor({ variable, path }: NamedFile, problem: string) {
    super(`${variable}: ${path} ${problem}`)
  }
}

interface Contents {
  readonly certificate: Buffer
  readonly key: Buffer
  readonly clientAuthorities: Buffer | undefined
}

interface CertificateEvents {
  readonly onReload: (certificate: TlsCertificate) => void
  /** Called once per content of the files. The certificate before it stays in use. */
  readonly onFailure: (error: TlsFileError) => void
}

/** The certificate of a server. It is replaced while the server runs, when its files change. */
export class TlsCertificate implements Disposable {
  readonly #files: TlsFiles
  readonly #servers = new Set<TlsServer>()
  #contents: Contents
  #rejected: Contents | undefined
  #timer: NodeJS.Timeout | undefined

  private constructor(files: TlsFiles, contents: Contents) {
    this.#files = files
    this.#contents = contents
  }

  /** @throws TlsFileError */
  static async read(files: TlsFiles): Promise<TlsCertificate> {
    const contents = await readContents(files)
    assertUsable(files, contents)
    return new TlsCertificate(files, contents)
  }

  get expiresAt(): Date {
    return new X509Certificate(this.#contents.certificate).validToDate
  }

  /** The options of a server. */
  get options(): TlsOptions {
    const asksClients = this.#files.clientAuthorities !== undefined
    // Not rejected during the handshake: health probes have no certificate, and other clients receive a reason.
    return { ...this.#context(), requestCert: asksClients, rejectUnauthorized: false }
  }

  /** Replaces the certificate of this server whenever the files change. */
  serve<S extends TlsServer>(server: S): S {
    this.#servers.add(server)
    return server
  }

  /** Reads the files every `everyMs`: notifications of changes are unreliable for mounted secrets. */
  watch(everyMs: number, events: CertificateEvents): void {
    this.#timer = setInterval(() => void this.#reload(events), everyMs).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #reload({ onReload, onFailure }: CertificateEvents): Promise<void> {
    let contents: Contents | undefined
    try {
      contents = await readContents(this.#files)
      if (isEqual(contents, this.#contents)) return
      assertUsable(this.#files, contents)
      this.#contents = contents
      this.#rejected = undefined
      for (const server of this.#servers) server.setSecureContext(this.#context())
      onReload(this)
    } catch (error: unknown) {
      if (!(error instanceof TlsFileError)) throw error
      const rejected = contents ?? UNREADABLE
      if (this.#rejected !== undefined && isEqual(rejected, this.#rejected)) return
      this.#rejected = rejected
      onFailure(error)
    }
  }

  #context() {
    const { certificate, key, clientAuthorities } = this.#contents
    return {
      cert: certificate,
      key,
      ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
    }
  }
}

/** Whether the client of a connection has proven who it is with a certificate. */
export function hasValidClientCertificate(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.authorized
}

const NOTHING = Buffer.alloc(0)
const UNREADABLE: Contents = { certificate: NOTHING, key: NOTHING, clientAuthorities: undefined }

async function readContents(files: TlsFiles): Promise<Contents> {
  const { clientAuthorities } = files
  const [certificate, key, authorities] = await Promise.all([
    read(files.certificate),
    read(files.key),
    clientAuthorities === undefined ? undefined : read(clientAuthorities),
  ])
  return { certificate, key, clientAuthorities: authorities }
}

async function read(file: NamedFile): Promise<Buffer> {
  try {
    return await readFile(file.path)
  } catch (error: unknown) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new TlsFileError(file, `cannot be read (${code})`)
  }
}

/** @throws TlsFileError for the first file that does not fit. OpenSSL's own messages do not name a file. */
function assertUsable(files: TlsFiles, contents: Contents): void {
  const certificate = attempt(
    () => new X509Certificate(contents.certificate),
    new TlsFileError(files.certificate, 'is not a certificate in PEM format'),
  )
  const key = attempt(
    () => createPrivateKey(contents.key),
    new TlsFileError(files.key, 'is not a private key in PEM format without a passphrase'),
  )
  if (!certificate.checkPrivateKey(key)) {
    throw new TlsFileError(files.key, `does not belong to ${files.certificate.variable}`)
  }
  if (files.clientAuthorities === undefined || contents.clientAuthorities === undefined) return
  const blocks = contents.clientAuthorities.toString('latin1').match(CERTIFICATE_BLOCK) ?? []
  const problem = new TlsFileError(files.clientAuthorities, 'contains no certificate in PEM format')
  if (blocks.length === 0) throw problem
  for (const block of blocks) attempt(() => new X509Certificate(block), problem)
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function attempt<T>(parse: () => T, problem: TlsFileError): T {
  try {
    return parse()
  } catch {
    throw problem
  }
}

function isEqual(one: Contents, other: Contents): boolean {
  return (
    one.certificate.equals(other.certificate) &&
    one.key.equals(other.key) &&
    (one.clientAuthorities ?? NOTHING).equals(other.clientAuthorities ?? NOTHING)
  )
}

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A file or folder with trusted certificates, and the variable that names it. */
export interface CertificateSource {
  readonly name: string
  readonly path: string
}

/**
 * Where the environment names trusted certificates. Every variable has the meaning that it has for another program:
 * NODE_EXTRA_CA_CERTS for Node.js, which reads it at startup only; REQUESTS_CA_BUNDLE, or else CURL_CA_BUNDLE, for the
 * Python bunny; SSL_CERT_FILE and SSL_CERT_DIR for OpenSSL.
 */
export function certificateSources(env: NodeJS.ProcessEnv): CertificateSource[] {
  const bundle = read(env, 'REQUESTS_CA_BUNDLE') === '' ? 'CURL_CA_BUNDLE' : 'REQUESTS_CA_BUNDLE'
  const files = ['NODE_EXTRA_CA_CERTS', bundle, 'SSL_CERT_FILE'].map((name) => ({
    name,
    path: read(env, name),
  }))
  // OpenSSL ignores a folder that does not exist or contains nothing.
  const folders = read(env, 'SSL_CERT_DIR')
    .split(delimiter)
    .map((path) => ({ name: 'SSL_CERT_DIR', path }))
    .filter(({ path }) => isFolder(path))
  return [...files, ...folders].filter(({ path }) => path !== '')
}

/**
 * The certificates in a file or folder, PEM.
 * @throws Error for a file that cannot be read, or that contains no certificate
 */
export function readCertificates({ name, path }: CertificateSource): string[] {
  const found = isFolder(path) ? readFolder(path) : [readFile(name, path)]
  if (found.length === 0 && name !== 'SSL_CERT_DIR') {
    throw new Error(`${name}: no certificate (PEM) in ${path}`)
  }
  return found
}

function read(env: NodeJS.ProcessEnv, name: string): string {
  return env[name]?.trim() ?? ''
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function readFile(name: string, file: string): string {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error: unknown) {
    throw new Error(`${name}: cannot read the certificates in ${file}`, { cause: error })
  }
  if (!pem.includes('-----BEGIN')) throw new Error(`${name}: no certificate (PEM) in ${file}`)
  return pem
}

/** Reads every file, whatever its name. OpenSSL requires names made by `openssl rehash`, which mounted folders lack. */
function readFolder(folder: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    try {
      const pem = readFileSync(join(folder, entry), 'utf8')
      return pem.includes('-----BEGIN CERTIFICATE-----') ? [pem] : []
    } catch {
      // Like OpenSSL: a folder, a broken link or a private key is not a certificate.
      return []
    }
  })
}

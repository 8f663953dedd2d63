import { readdirSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { getCACertificates } from 'node:tls'

/**
 * The certificates that the environment adds to those that Node.js trusts; undefined if it adds none. Every variable has
 * the meaning that it has for another program: NODE_EXTRA_CA_CERTS for Node.js, which reads it at startup only;
 * REQUESTS_CA_BUNDLE, or else CURL_CA_BUNDLE, for the Python bunny; SSL_CERT_FILE and SSL_CERT_DIR for OpenSSL.
 * @throws Error for a file that cannot be read or contains no certificate
 */
export function trustedCertificates(env: NodeJS.ProcessEnv): string[] | undefined {
  const extra = new Set<string>()
  const bundle = read(env, 'REQUESTS_CA_BUNDLE') === '' ? 'CURL_CA_BUNDLE' : 'REQUESTS_CA_BUNDLE'
  for (const name of ['NODE_EXTRA_CA_CERTS', bundle, 'SSL_CERT_FILE']) {
    const path = read(env, name)
    if (path === '') continue
    const found = isFolder(path) ? readFolder(path) : [readFile(name, path)]
    if (found.length === 0) throw new Error(`${name}: no certificate (PEM) in ${path}`)
    for (const pem of found) extra.add(pem)
  }
  // OpenSSL ignores a folder that does not exist or contains nothing.
  for (const folder of read(env, 'SSL_CERT_DIR').split(delimiter)) {
    if (isFolder(folder)) for (const pem of readFolder(folder)) extra.add(pem)
  }
  return extra.size === 0 ? undefined : [...getCACertificates('default'), ...extra]
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

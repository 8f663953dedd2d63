import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

// Enough DER for a loopback certificate, so that the repository contains no private key and no test fails
// when a certificate expires.

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const size = Buffer.from(content.length.toString(16).padStart(4, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x82]), size, content])
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const utcTime = (date: Date) =>
  der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`))

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'))
const COMMON_NAME = oid('550403')
const SUBJECT_ALT_NAME = oid('551d11')
const DAY_MS = 86_400_000

/** Yesterday, or two days before the end if that is earlier. */
const validFrom = (validTo: Date): Date =>
  new Date(Math.min(validTo.getTime() - 2 * DAY_MS, Date.now() - DAY_MS))

/** A self-signed certificate, valid from yesterday to tomorrow or to `validTo`, for 127.0.0.1 or for `dnsName` only. */
export function selfSignedCertificate(
  dnsName?: string,
  validTo = new Date(Date.now() + DAY_MS),
): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // A unique name, because issuers are looked up by name.
  const commonName = Buffer.from(`loopback ${randomBytes(8).toString('hex')}`)
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, commonName))))
  const subject =
    dnsName === undefined ? der(0x87, Buffer.from([127, 0, 0, 1])) : der(0x82, Buffer.from(dnsName))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(validFrom(validTo)), utcTime(validTo)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(SUBJECT_ALT_NAME, der(0x04, sequence(subject))))),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const certificate = sequence(body, ECDSA_WITH_SHA256, signature)
  const base64 = certificate.toString('base64').replaceAll(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  }
}

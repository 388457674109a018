// The library's containers need it, and it must come first.
import 'reflect-metadata'
import { X509Certificate as NodeCertificate, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { Random } from '../runtime/random.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** Clocks of the API server and of nodes may be behind ours. */
const BACKDATED_MS = 60 * 60 * 1000

/** A certificate and its private key. */
export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

/** What both kinds of certificate depend on. */
export interface Making {
  readonly random: Random
  readonly nowMs: number
}

/** A certificate authority of our own: it signs for its own servers only. */
export async function makeAuthority({ random, nowMs }: Making, lifeMs: number): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial(random),
      // Two authorities of different ages stand in one bundle; the name tells them apart.
      name: `CN=jobcap-${random.hex(4)}`,
      notBefore: new Date(nowMs - BACKDATED_MS),
      notAfter: new Date(nowMs + lifeMs),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  )
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await pemOf(keys.privateKey) }
}

/** A server's certificate for these host names, signed by `authority`. */
export async function makeServing(
  { random, nowMs }: Making,
  {
    authority,
    dnsNames,
    lifeMs,
  }: { readonly authority: KeyPair; readonly dnsNames: readonly string[]; readonly lifeMs: number },
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const issuer = new x509.X509Certificate(authority.certPem)
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial(random),
      subject: 'CN=jobcap',
      issuer: issuer.subject,
      notBefore: new Date(nowMs - BACKDATED_MS),
      notAfter: new Date(Math.min(nowMs + lifeMs, issuer.notAfter.getTime())),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: await privateKeyOf(authority.keyPem),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }) as const)),
        await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ],
    },
    webcrypto,
  )
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await pemOf(keys.privateKey) }
}

/** Milliseconds since the epoch. Throws when the text is no certificate. */
export function expiryOf(certPem: string): number {
  return new NodeCertificate(certPem).validToDate.getTime()
}

function serial(random: Random): string {
  // Positive, and never empty: the first byte stays below 0x80 and above 0.
  return `4${random.hex(15).slice(1)}`
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}

async function privateKeyOf(pem: string): Promise<webcrypto.CryptoKey> {
  const [bytes] = x509.PemConverter.decode(pem)
  if (bytes === undefined) throw new Error('the authority has no private key')
  return webcrypto.subtle.importKey('pkcs8', bytes, ALGORITHM, false, ['sign'])
}

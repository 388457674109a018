import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Log } from '../runtime/log.ts'
import type { Timers } from '../runtime/timers.ts'
import type { KeyPair } from './certificates.ts'

/** The kubelet itself looks at a mounted Secret about once a minute, and swaps a link that no watch of files follows. */
const LOOK_EVERY_MS = 10_000

export interface MountedFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface MountedServing {
  readonly first: KeyPair
  stop(): void
}

/**
 * A certificate that others issue and renew, such as cert-manager, read from files. Throws when they are not there; one
 * that comes later and cannot be used leaves the old one in use.
 */
export function keepMounted({
  files,
  timers,
  log,
  use,
}: {
  readonly files: MountedFiles
  readonly timers: Timers
  readonly log: Log
  /** Uses the certificate from the next connection on. */
  use(pair: KeyPair): void
}): MountedServing {
  const first = readPair(files)
  let held = first
  const stop = timers.every(LOOK_EVERY_MS, () => {
    try {
      const pair = readPair(files)
      if (pair.certPem === held.certPem) return
      held = pair
      use(pair)
      log.info({ certFile: files.certFile }, 'a new serving certificate is in use')
    } catch (fault) {
      log.error({ err: fault }, 'the serving certificate was not renewed; the old one stays in use')
    }
  })
  return { first, stop }
}

/** Throws when certificate and key do not belong together: then only one of the two files has been replaced yet. */
function readPair({ certFile, keyFile }: MountedFiles): KeyPair {
  const pair = { certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') }
  if (!new X509Certificate(pair.certPem).checkPrivateKey(createPrivateKey(pair.keyPem))) {
    throw new Error(`${keyFile} is not the key of ${certFile}`)
  }
  return pair
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asRunUid } from '../../contract/ids.ts'
import { createPodCredentials, type PodCredential } from '../../ledger/identity/pod-credential.ts'
import { payment } from './call.ts'
import { podToken, TestPod } from './pod.ts'
import { refusesEach } from './refusals.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('401: who calls is not known, or may not call any more', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let revoked: string
  let pod: TestPod
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
    const key = await ledger.client.createKey({ vendor: 'stripe' })
    await ledger.client.revokeKey(key.key_id)
    revoked = key.vault_key
    pod = await TestPod.start(rig, ledger)
  })
  after(() => rig.stop())

  /** The Pod's credential with other content, signed with the ledger's own key, or with another. */
  const credential = (change: Partial<PodCredential>, masterKey?: Buffer) => {
    const payload = pod.granted.credential.slice('jpc_'.length).split('.')[0] ?? ''
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as PodCredential
    const own = Buffer.from(readFileSync(join(rig.folder, 'state/master-key'), 'utf8').trim(), 'hex')
    return createPodCredentials(masterKey ?? own).sign({ ...content, ...change })
  }
  const exchangeWith = (token: string) => ({
    path: '/vault/keys/exchange',
    key: token,
    body: '{"purpose":"issue"}',
  })

  refusesEach(
    () => ledger,
    [
      { name: 'no key at all', gets: '401 credential_missing', ask: () => ({ path: '/stripe/v1/charges' }) },
      { name: 'a key of no kind', gets: '401 credential_invalid', ask: () => payment('sk_test_123', 'k') },
      { name: 'a vault key that was never made', gets: '401 credential_invalid', ask: () => payment('jck_x', 'k') },
      {
        name: 'a Pod credential of another ledger',
        gets: '401 credential_invalid',
        ask: () => payment(credential({}, Buffer.alloc(32, 1)), 'k'),
      },
      {
        name: 'a Pod credential whose content was changed',
        gets: '401 credential_invalid',
        ask: () => {
          const [, signature] = pod.granted.credential.split('.')
          const [other] = credential({ index: 1 }).split('.')
          return payment(`${other}.${signature}`, 'k')
        },
      },
      {
        name: 'a Pod credential past its ten minutes',
        gets: '401 credential_expired',
        ask: () => payment(credential({ expiresAtMs: Date.now() - 1 }), 'k'),
      },
      {
        name: 'a Pod credential of this ledger for a run that its store has lost',
        gets: '401 credential_expired',
        ask: () => payment(credential({ runUid: asRunUid('uid-lost') }), 'k'),
      },
      { name: 'a revoked key', gets: '401 key_revoked', ask: () => payment(revoked, 'k') },
      {
        name: 'a revoked key that only reads',
        gets: '401 key_revoked',
        ask: () => ({ method: 'GET', path: '/stripe/v1/payment_intents', key: revoked }),
      },
      {
        name: 'a Pod whose Job has ended',
        gets: '401 key_ended',
        ask: async () => {
          const { runUid, credential: bearer } = (await TestPod.start(rig, ledger, { job: 'done' })).granted
          await ledger.client.endJob(runUid, 'uid-done')
          return { method: 'GET', path: '/stripe/v1/payment_intents', key: bearer }
        },
      },
      {
        name: 'a Pod token for another audience',
        gets: '401 pod_token_invalid',
        ask: () => exchangeWith(podToken(rig, { token: { audience: 'vault' } })),
      },
      {
        name: 'a Pod token past its time',
        gets: '401 pod_token_invalid',
        ask: () => exchangeWith(podToken(rig, { token: { expiresAtMs: 1 } })),
      },
      {
        name: 'a Pod token that nobody signed',
        gets: '401 pod_token_invalid',
        ask: () => exchangeWith('jpt_e30.AAAA'),
      },
      {
        name: 'an operator route without the token',
        gets: '401 operator_denied',
        ask: () => ({ method: 'GET', path: '/runs' }),
      },
      {
        name: 'an operator route with a vault key',
        gets: '401 operator_denied',
        ask: () => ({ method: 'GET', path: '/audit', key: revoked }),
      },
    ],
  )
})

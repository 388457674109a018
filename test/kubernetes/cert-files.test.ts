import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type PeerCertificate } from 'node:tls'
import { expect } from 'chai'
import { type KeyPair, makeAuthority, makeServing } from '../../certs/certificates.ts'
import { systemRandom } from '../../runtime/random.ts'
import { end, readyLine, startNode } from '../ledger/rig.ts'
import { type AnyJob, type Cluster, jobNamed, OWN_NAMESPACE, startCluster, TEAM } from './cluster.ts'
import { needsControlPlane } from './needs.ts'

const ROOT = join(import.meta.dirname, '../..')
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const DAY_MS = 86_400_000

describe('certificates that somebody else issues, as files', function () {
  this.timeout(240_000)
  const running = new Set<ChildProcess>()
  let cluster: Cluster
  let stop: () => Promise<void> = () => Promise.resolve()
  let authority: KeyPair
  let folder = ''
  let managerPort = 0

  const making = () => ({ random: systemRandom, nowMs: Date.now() })

  before(async function () {
    needsControlPlane(this)
    cluster = await startCluster()
    stop = async () => {
      await Promise.all([...running].map((child) => end(child, 'SIGKILL')))
      await cluster.stop()
    }
    folder = join(cluster.folder, 'tls')
    mkdirSync(folder)
    authority = await makeAuthority(making(), 10 * DAY_MS)
    writeFileSync(join(folder, 'ca.crt'), authority.certPem)
    const pair = await makeServing(making(), { authority, dnsNames: ['localhost'], lifeMs: DAY_MS })
    writeFileSync(join(folder, 'tls.crt'), pair.certPem)
    writeFileSync(join(folder, 'tls.key'), pair.keyPem)
    const environment = { KUBECONFIG: join(cluster.folder, 'control-plane/kubeconfig') }
    const manager = startNode([join(ROOT, 'controller/main.ts')], running, {
      cwd: cluster.folder,
      environment: {
        ...environment,
        JOBCAP_NAMESPACE: OWN_NAMESPACE,
        JOBCAP_HOST: '127.0.0.1',
        JOBCAP_PORT: '0',
        JOBCAP_DNS_NAMES: 'localhost',
        JOBCAP_TLS_FOLDER: folder,
        JOBCAP_WEBHOOK_CONFIGURATION: 'by-files',
        JOBCAP_IMAGE: 'jobcap:files',
        JOBCAP_LEDGER_URL: cluster.ledgerUrl,
        JOBCAP_TOKEN_FILE: join(cluster.folder, 'manager-token'),
      },
    })
    const { address } = (await readyLine(manager.process, manager.log)) as { address: { port: number } }
    managerPort = address.port
  })
  after(() => stop())

  it('admission serves by them, Pods are told to trust their authority, and no webhook is patched', async () => {
    const found = (await cluster.kube.get<{ webhooks: { clientConfig: object }[] }>(`${WEBHOOKS}/jobcap`))?.webhooks[0]
    const caBundle = Buffer.from(authority.certPem).toString('base64')
    const clientConfig = { url: `https://localhost:${managerPort}/admit`, caBundle }
    const metadata = { name: 'by-files' }
    const base = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata }
    await cluster.kube.create(WEBHOOKS, { ...base, webhooks: [{ ...found, clientConfig }] })
    await cluster.kubectl(['delete', 'mutatingwebhookconfiguration', 'jobcap'])
    await cluster.apply(jobNamed('by-files'))
    const job = await cluster.kube.get<AnyJob>(`/apis/batch/v1/namespaces/${TEAM}/jobs/by-files`)
    const [issuer] = job?.spec.template.spec['initContainers'] as { image: string; env: { value: string }[] }[]
    expect(issuer?.image).to.equal('jobcap:files')
    expect(issuer?.env.map(({ value }) => value)).to.include(authority.certPem)
    const after = await cluster.kube.get<{ metadata: { generation: number } }>(`${WEBHOOKS}/by-files`)
    expect(after?.metadata.generation).to.equal(1)
  })

  it('the ledger serves by them', async () => {
    const ledger = startNode(
      [
        join(ROOT, 'ledger/main.ts'),
        ...['--kubernetes', '--namespace', OWN_NAMESPACE, '--store', 'sqlite:files.db', '--state', 'state-files'],
        ...['--tls-cert', join(folder, 'tls.crt'), '--tls-key', join(folder, 'tls.key'), '--listen', '127.0.0.1:0'],
      ],
      running,
      { cwd: cluster.folder, environment: { KUBECONFIG: join(cluster.folder, 'control-plane/kubeconfig') } },
    )
    const { addresses } = (await readyLine(ledger.process, ledger.log)) as { addresses: string[] }
    expect((await served(Number(new URL(addresses[0] ?? '').port))).issuer.CN).to.match(/^jobcap-/)
  })

  /** A certificate that the authority signed, or an error. */
  function served(port: number): Promise<PeerCertificate> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.certPem }, () => {
        resolve(socket.getPeerCertificate())
        socket.end()
      })
      socket.on('error', reject)
    })
  }
})

import { expect } from 'chai'
import { makeAuthority, makeServing } from '../../certs/certificates.ts'
import { INJECTED_ANNOTATION } from '../../contract/labels.ts'
import { systemRandom } from '../../runtime/random.ts'
import { APP_IMAGE, PAY_ONCE, payingJob } from './paying-job.ts'
import { type Stage, TEAM, VENDORS } from './stage.ts'
import { named, teamOn } from './team.ts'

const DAY_MS = 24 * 3_600_000
const MESH = 'mesh'
const SECRET_ENV = { name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef: { name: 'stripe', key: 'api-key' } } }
/** Adds a container that takes a vendor's secret, once, as a mesh or an agent would. */
const SERVER = `
  const { createServer } = require('node:https')
  const { CERT: cert, KEY: key, CONTAINER: container } = process.env
  createServer({ cert, key }, (request, response) => {
    let text = ''
    request.on('data', (part) => { text += part }).on('end', () => {
      const { apiVersion, kind, request: { uid, object } } = JSON.parse(text)
      const isThere = object.spec.template.spec.containers.some(({ name }) => name === '${MESH}')
      const patch = [{ op: 'add', path: '/spec/template/spec/containers/-', value: JSON.parse(container) }]
      const patched = { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
      const answer = { apiVersion, kind, response: { uid, allowed: true, ...(isThere ? {} : patched) } }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  }).listen(8443)`

/** Others that change Jobs too. */
export function neighboursOn(stage: () => Stage): void {
  const { jobIs, invoicesOf, podsOf } = teamOn(stage)

  for (const [order, configuration] of [
    ['before', 'a-mesh'],
    ['after', 'z-mesh'],
  ] as const) {
    it(`injects once, and takes the secrets out of what was added, beside a webhook that changes the Job ${order} ours`, async () => {
      const work = named(`mesh-${order}`)
      const caPem = await standUpMesh(stage())
      await stage().apply(webhook(configuration, caPem))
      try {
        const job = payingJob(work, PAY_ONCE(work)) as { metadata: object }
        await stage().apply({ ...job, metadata: { ...job.metadata, labels: { [MESH]: 'joins' } } })
      } finally {
        await stage().kubectl(['delete', 'mutatingwebhookconfiguration', configuration])
      }
      await jobIs(work, 'Complete')
      expect(invoicesOf(work)).to.deep.equal([work])
      const [pod] = (await podsOf(work)).items as unknown as readonly Injected[]
      expect(pod?.metadata.annotations).to.include.keys(INJECTED_ANNOTATION)
      expect(pod?.spec.initContainers.map(({ name }) => name)).to.deep.equal(['jobcap-proxy', 'jobcap-issuer'])
      expect(pod?.spec.containers.map(({ name }) => name)).to.have.members(['bill', MESH])
      for (const { name, env = [] } of pod?.spec.containers ?? []) {
        const variable = env.find((entry) => entry.name === SECRET_ENV.name)
        expect(variable?.value, name).to.match(/^sk_test_jobcap/)
      }
    })
  }
}

async function standUpMesh(stage: Stage): Promise<string> {
  const making = { random: systemRandom, nowMs: Date.now() }
  const authority = await makeAuthority(making, DAY_MS)
  const dnsNames = [`${MESH}.${VENDORS}.svc`]
  const { certPem, keyPem } = await makeServing(making, { authority, dnsNames, lifeMs: DAY_MS })
  const container = { name: MESH, image: APP_IMAGE, command: ['true'], env: [SECRET_ENV] }
  const env = [
    { name: 'CERT', value: certPem },
    { name: 'KEY', value: keyPem },
    { name: 'CONTAINER', value: JSON.stringify(container) },
  ]
  const server = {
    name: MESH,
    image: APP_IMAGE,
    command: ['node', '--eval', SERVER],
    env,
    readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 },
  }
  const labels = { app: MESH }
  await stage.kubectl(['delete', 'pod', MESH, '-n', VENDORS, '--ignore-not-found', '--force', '--grace-period=0'])
  await stage.apply(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: MESH, namespace: VENDORS, labels },
      spec: { containers: [server], terminationGracePeriodSeconds: 1 },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: MESH, namespace: VENDORS },
      spec: { selector: labels, ports: [{ port: 443, targetPort: 8443 }] },
    },
  )
  await stage.kubectl(['wait', '--for=condition=Ready', `pod/${MESH}`, '-n', VENDORS, '--timeout=180s'])
  return authority.certPem
}

/** The API server calls webhooks in the order of the names of their configurations. */
function webhook(name: string, caPem: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'mesh.example.com',
        clientConfig: {
          service: { name: MESH, namespace: VENDORS },
          caBundle: Buffer.from(caPem).toString('base64'),
        },
        rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], resources: ['jobs'], operations: ['CREATE'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': TEAM } },
        objectSelector: { matchLabels: { [MESH]: 'joins' } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        reinvocationPolicy: 'IfNeeded',
        failurePolicy: 'Fail',
        timeoutSeconds: 30,
      },
    ],
  }
}

interface Injected {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
  readonly spec: {
    readonly initContainers: readonly { readonly name: string }[]
    readonly containers: readonly {
      readonly name: string
      readonly env?: readonly { readonly name: string; readonly value?: string }[]
    }[]
  }
}

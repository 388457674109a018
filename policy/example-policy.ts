import type { CapPolicy, CapPolicySpec, PolicyVendor } from './cap-policy.ts'

const secretRef = { name: 'stripe', key: 'api-key' }

const VENDORS: { readonly [Type in PolicyVendor['type']]: readonly Extract<PolicyVendor, { type: Type }>[] } = {
  resend: [
    {
      name: 'resend',
      type: 'resend',
      baseUrl: 'https://api.resend.com',
      secretRef: { name: 'resend', key: 'api-key' },
      perDayUsd: '10.00',
      recipientUsd: '0.0009',
      allowedEndpoints: ['POST /emails', 'POST /emails/batch'],
    },
  ],
  stripe: [
    {
      name: 'stripe',
      type: 'stripe',
      baseUrl: 'https://api.stripe.com',
      secretRef,
      perDayUsd: '1000.00',
      classCaps: {
        refunds: { perDayUsd: '100.00' },
        creditNotes: { perDayUsd: '100.00' },
        payouts: { perDayUsd: '100.00' },
        transfers: { perDayUsd: '100.00' },
      },
      maximums: [{ match: 'POST /v1/subscriptions', usd: '50.00' }],
      allowedEndpoints: ['POST /v1/payment_intents', 'GET /v1/*'],
    },
  ],
  twilio: [
    {
      name: 'twilio',
      type: 'twilio',
      baseUrl: 'https://api.twilio.com',
      secretRef: { name: 'twilio', key: 'auth-token' },
      perDayUsd: '50.00',
      accountSid: 'AC00000000000000000000000000000000',
      apiKeySid: 'SK00000000000000000000000000000000',
      prices: {
        segmentUsd: '0.0083',
        mmsUsd: '0.0220',
        callMinuteUsd: '0.0140',
        recordMinuteUsd: '0.0025',
        machineDetectionUsd: '0.0075',
        engagementUsd: '0.0150',
      },
      pricesByTo: {
        '+49': {
          segmentUsd: '0.1085',
          mmsUsd: '0.1500',
          callMinuteUsd: '0.0400',
          recordMinuteUsd: '0.0025',
          machineDetectionUsd: '0.0075',
          engagementUsd: '0.0150',
        },
      },
      callTimeLimitSeconds: 600,
      allowedEndpoints: ['POST /2010-04-01/Accounts/*/Messages.json'],
    },
  ],
  openai: [
    {
      name: 'openai',
      type: 'openai',
      baseUrl: 'https://api.openai.com',
      secretRef: { name: 'openai', key: 'api-key' },
      perDayUsd: '100.00',
      listPrices: true,
      maxOutputTokens: 4_096,
      models: [
        {
          name: 'my-model',
          inputUsd: '0.15',
          outputUsd: '0.60',
          cacheReadUsd: '0.075',
          cacheWriteUsd: '0.15',
          cacheWriteHourUsd: '0.15',
          contextTokens: 128_000,
        },
      ],
      freeFields: ['repetition_penalty'],
      asksForUsage: true,
      allowedEndpoints: ['POST /v1/chat/completions', 'POST /v1/responses'],
    },
    {
      name: 'azure',
      type: 'openai',
      baseUrl: 'https://my-resource.openai.azure.com',
      secretRef: { name: 'azure', key: 'api-key' },
      models: [{ name: 'gpt-4o', inputUsd: '2.75', outputUsd: '11.00', contextTokens: 128_000 }],
      deployments: [{ name: 'chat-prod', model: 'gpt-4o' }],
      allowedEndpoints: ['POST /openai/deployments/*/chat/completions'],
    },
  ],
  anthropic: [
    {
      name: 'anthropic',
      type: 'anthropic',
      baseUrl: 'https://api.anthropic.com',
      secretRef: { name: 'anthropic', key: 'api-key' },
      perDayUsd: '100.00',
      listPrices: true,
      maxOutputTokens: 4_096,
      models: [
        {
          name: 'my-model',
          inputUsd: '3.00',
          outputUsd: '15.00',
          cacheReadUsd: '0.30',
          cacheWriteUsd: '3.75',
          cacheWriteHourUsd: '6.00',
          contextTokens: 200_000,
        },
      ],
      freeFields: ['my_field'],
      allowedEndpoints: ['POST /v1/messages'],
    },
  ],
  generic: [
    {
      name: 'geocode',
      type: 'generic',
      baseUrl: 'https://geocode.example.com',
      secretRef: { name: 'geocode', key: 'token' },
      perDayUsd: '10.00',
      auth: { header: 'Authorization', scheme: 'Token' },
      idempotency: { header: 'Idempotency-Key', windowHours: 24 },
      retryTokenHeader: 'amz-sdk-invocation-id',
      mediaTypes: { 'application/x-amz-json-1.1': 'json' },
      statuses: { refused: [400], notDone: [503] },
      routes: [
        { match: 'POST /v1/lookup', usd: '0.01', perItem: '/addresses', core: ['/account'] },
        { match: 'POST /v1/tiles', usd: '0.01', perUnit: '/count' },
        { match: 'POST /v1/jobs', usd: '2.00', fromAnswer: { at: '/cost', usd: '1' } },
      ],
      allowedEndpoints: ['POST /v1/lookup'],
    },
    {
      name: 'basic',
      type: 'generic',
      baseUrl: 'https://api.example.com',
      secretRef: { name: 'basic', key: 'password' },
      auth: { basic: { user: 'api' } },
      idempotency: 'never',
      routes: [{ match: 'POST /v1/send', usd: '0.05' }],
      allowedEndpoints: ['POST /v1/send'],
    },
    {
      name: 'query',
      type: 'generic',
      baseUrl: 'https://maps.example.com',
      secretRef: { name: 'query', key: 'token' },
      auth: { query: 'key' },
      idempotency: 'never',
      routes: [{ match: 'GET /json', usd: '0.005' }],
      allowedEndpoints: ['GET /json'],
    },
  ],
}

/** The examples of what may stand under a vendor of the type; of every vendor where the type is none. */
export function exampleVendors(type: unknown): readonly PolicyVendor[] {
  return typeof type === 'string' && Object.hasOwn(VENDORS, type) ? VENDORS[type as PolicyVendor['type']] : ALL_VENDORS
}

const ALL_VENDORS: readonly PolicyVendor[] = Object.values(VENDORS).flat()

const SPEC: CapPolicySpec = {
  namespaceSelector: { matchLabels: { 'jobcap.dev/inject': 'enabled' } },
  caps: { perRunUsd: { default: '50.00', max: '500.00' }, perDayUsd: '2000.00', perNamespaceDayUsd: '1000.00' },
  expiresIn: '24h',
  appKeys: 'auto',
  divergingReplay: 'refuse',
  ambiguousRepeat: 'refuse',
  allowOptOut: false,
  maxBodyKiB: 1_024,
  currencies: { bufferBasisPoints: 200, usdMicrosPerMajorUnit: { EUR: 1_080_000, JPY: 6_700 } },
  vendors: ALL_VENDORS,
}

/** A policy in which each field stands once at least: what messages about mistakes show, and know of names. */
export const EXAMPLE_POLICY: CapPolicy = {
  apiVersion: 'jobcap.dev/v1alpha1',
  kind: 'CapPolicy',
  metadata: { name: 'default', labels: { team: 'billing' }, annotations: { owner: 'billing' } },
  spec: SPEC,
}

import { z } from 'zod'

const anyObject = z.record(z.string(), z.unknown())

/** `AdmissionReview` of admission.k8s.io/v1, as far as it is read; fields beside these are let through. */
const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1),
    operation: z.string(),
    namespace: z.string().default(''),
    kind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
    object: anyObject,
    oldObject: anyObject.nullish().transform((object) => object ?? null),
  }),
})

/** One object that the API server asks about, as it came. */
export type AdmissionReview = z.infer<typeof admissionReview>

/** Undefined for anything that is not such a review, one of v1beta1 included. */
export function parseAdmissionReview(json: unknown): AdmissionReview | undefined {
  return admissionReview.safeParse(json).data
}

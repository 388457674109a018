import { TOKEN_AUDIENCE } from '../../contract/labels.ts'
import { refusal } from '../../contract/refusals.ts'
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import type { Log } from '../../runtime/log.ts'
import type { Access } from '../operator/access.ts'
import type { Operators } from '../operator/operators.ts'
import { Refused } from '../operator/refused.ts'

interface User {
  readonly username: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

interface TokenReview {
  readonly status: { readonly authenticated?: boolean; readonly user?: User }
}

interface SubjectAccessReview {
  readonly status: { readonly allowed: boolean }
}

/**
 * The cluster's own users: TokenReview says who, SubjectAccessReview whether RBAC lets them, on the resources of
 * `jobcap.dev` that `Access` names. Tokens for our audience and for the API server's both count, so that the token of a
 * kubeconfig will do.
 */
export function createKubeOperators(kube: KubeApi, log: Log): Operators {
  return {
    async judge(bearer, access) {
      try {
        const user = (await userFor(kube, bearer, [TOKEN_AUDIENCE])) ?? (await userFor(kube, bearer))
        if (user === undefined) return 'unknown'
        return (await isAllowed(kube, user, access)) ? 'allowed' : 'denied'
      } catch (fault) {
        if (!(fault instanceof KubeFault)) throw fault
        // One that has just started refuses us too, until it has read its rights.
        log.error({ status: fault.status, reason: fault.message }, 'the API server could not say who an operator is')
        throw new Refused(
          refusal('ledger_not_ready', 'The API server could not be asked who you are, so nothing was done: ask again.'),
        )
      }
    },
  }
}

async function userFor(kube: KubeApi, token: string, audiences?: readonly string[]): Promise<User | undefined> {
  const { status } = await kube.create<TokenReview>('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audiences === undefined ? {} : { audiences }) },
  })
  return status.authenticated === true ? status.user : undefined
}

async function isAllowed(kube: KubeApi, user: User, { verb, resource, namespace }: Access): Promise<boolean> {
  const { username, uid, groups, extra } = user
  const review = await kube.create<SubjectAccessReview>('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: username,
      uid,
      groups,
      extra,
      resourceAttributes: { group: 'jobcap.dev', resource, verb, ...(namespace === null ? {} : { namespace }) },
    },
  })
  return review.status.allowed
}

import { INJECTED_ANNOTATION, SKIPPED_ANNOTATION } from '../../../contract/labels.ts'
import { type KubeApi, KubeFault } from '../../../kube/api.ts'
import type { Finding } from '../finding.ts'

interface Admitted {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly template: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }
  }
}

/** Asks the API server what would become of a Job there: it is a dry run, so no Job is made. */
export async function admissionFindings(kube: KubeApi, namespace: string): Promise<Finding[]> {
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { generateName: 'jobcap-doctor-' },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'asked', image: 'jobcap-doctor' }] } },
    },
  }
  try {
    const made = await kube.create<Admitted>(`/apis/batch/v1/namespaces/${namespace}/jobs?dryRun=All`, job)
    return isJudged(made) ? [] : [passedBy(namespace)]
  } catch (fault) {
    if (!(fault instanceof KubeFault)) throw fault
    if (/failed calling webhook/.test(fault.message)) return [unreachable(namespace, fault.message)]
    // Refused by admission's own judgement, or by another rule of that namespace: then it was reached, or nobody can tell.
    if (/denied the request/.test(fault.message)) return []
    throw fault
  }
}

function isJudged({ metadata, spec }: Admitted): boolean {
  return (
    metadata.annotations?.[SKIPPED_ANNOTATION] !== undefined ||
    spec.template.metadata?.annotations?.[INJECTED_ANNOTATION] !== undefined
  )
}

function unreachable(namespace: string, said: string): Finding {
  return {
    problem: `Admission cannot be reached, so no Job is made in namespace ${namespace}: ${said}.`,
    wayOut:
      'kubectl get pods -l app.kubernetes.io/component=manager -A; the API server must reach their port, by default 9443.',
  }
}

function passedBy(namespace: string): Finding {
  return {
    problem: `A Job in namespace ${namespace} would be made without a proxy and without a cap: admission did not look at it.`,
    wayOut:
      'See the log of the managers. With admission.failurePolicy Ignore that is what happens while none of them answers.',
  }
}

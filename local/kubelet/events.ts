/** What happens in a Pod, as it happens. */
export type PodEvent =
  | { readonly type: 'container-started'; readonly container: string; readonly pid: number; readonly startMs: number }
  | {
      readonly type: 'container-ended'
      readonly container: string
      readonly exitCode: number
      readonly message: string
    }
  | { readonly type: 'log'; readonly container: string; readonly line: string }
  /** Something a person should know: a container that could not start, a mount that is not as in a cluster. */
  | { readonly type: 'note'; readonly container: string; readonly text: string }

/** How a container ended last. */
export interface ContainerStatus {
  readonly name: string
  readonly isInit: boolean
  readonly exitCode: number
  readonly restarts: number
  /** Its termination message, at most 4096 bytes. */
  readonly message: string
}

export interface PodResult {
  readonly phase: 'Succeeded' | 'Failed'
  /** Containers that ran, init containers first, each as it ended last. */
  readonly containers: readonly ContainerStatus[]
}

import { join } from 'node:path'
import type { DeliveryJournal, SeenFact } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import type { AppendFile, SidecarFiles } from '../files.ts'
import type { KeptFact } from './seen-facts.ts'

/** An answer of occurrence `n` of `digest` that goes to the app in this life of the Pod. */
export interface Delivery {
  readonly life: number
  readonly digest: Digest
  readonly n: number
  /** K of the request. */
  readonly lane: string
  /** Retry token of the request; null without one. */
  readonly token: string | null
}

/** `closed`: the app left without having read it, so it counts as never delivered. */
type Line = { readonly boot: number } | ({ readonly state: 'delivering' | 'seen' | 'closed' } & Delivery)

/** S4: what became of answers, in a file on the memory volume that is read at the next start. */
export class DeliveryFile {
  readonly #file: AppendFile
  readonly #past: Past

  private constructor(file: AppendFile, past: Past) {
    this.#file = file
    this.#past = past
  }

  /** What the boots before this one left. */
  static async read(files: SidecarFiles, stateDir: string): Promise<Past> {
    return readPast((await files.read(pathOf(stateDir))) ?? '')
  }

  /** Every seen fact in the file. Rejects when it cannot be read whole: some of them would be missing. */
  static async recall(files: SidecarFiles, stateDir: string): Promise<KeptFact[]> {
    const past = await DeliveryFile.read(files, stateDir)
    if (past.isDamaged) throw new Error(`${pathOf(stateDir)} cannot be read whole`)
    return past.seen.map((delivery) => ({ fact: seenFactOf(delivery), lane: delivery.lane }))
  }

  /**
   * A file that cannot be read whole is begun anew, so that it clears nothing of before. What could be read of it is
   * kept: an answer that was on its way stays doubtful, and what was read stays read.
   */
  static async open(files: SidecarFiles, place: { stateDir: string; boot: number }, past: Past): Promise<DeliveryFile> {
    const boot = JSON.stringify({ boot: place.boot } satisfies Line)
    if (past.isDamaged) await files.replace(pathOf(place.stateDir), [boot, ...keptLines(past), ''].join('\n'), 0o600)
    const file = await files.appendTo(pathOf(place.stateDir))
    if (!past.isDamaged) await file.append(boot)
    return new DeliveryFile(file, past.firstBoot === null ? { ...past, firstBoot: place.boot } : past)
  }

  /** Before the last byte of the answer is written. */
  delivering(delivery: Delivery): Promise<void> {
    return this.#write('delivering', delivery)
  }

  seen(delivery: Delivery): Promise<void> {
    return this.#write('seen', delivery)
  }

  closed(delivery: Delivery): Promise<void> {
    return this.#write('closed', delivery)
  }

  /** What the file says about answers of `digest` from older boots in this life. */
  journalOf(life: number, digest: Digest): DeliveryJournal {
    const delivering = this.#past.delivering.filter((line) => line.life === life && line.digest === digest)
    return { intactSinceBoot: this.#past.firstBoot, delivering: delivering.map(({ n }) => n) }
  }

  #write(state: 'delivering' | 'seen' | 'closed', delivery: Delivery): Promise<void> {
    return this.#file.append(JSON.stringify({ state, ...delivery } satisfies Line))
  }
}

/** What a file holds at the start of the sidecar. */
export interface Past {
  /** The file is whole from this boot on; null when it is new or damaged. */
  readonly firstBoot: number | null
  readonly lastBoot: number
  readonly isDamaged: boolean
  /** Begun, and neither seen nor closed. */
  readonly delivering: readonly Delivery[]
  readonly seen: readonly Delivery[]
}

export function seenFactOf({ life, digest, n, token }: Delivery): SeenFact {
  return { life, digest, n, token }
}

function pathOf(stateDir: string): string {
  return join(stateDir, 'deliveries.jsonl')
}

function readPast(text: string): Past {
  const delivering = new Map<string, Delivery>()
  const seen = new Map<string, Delivery>()
  const boots: number[] = []
  let isDamaged = false
  for (const json of text.split('\n').filter((part) => part !== '')) {
    const line = parseLine(json)
    if (line === undefined) {
      isDamaged = true
      continue
    }
    if (!('state' in line)) {
      boots.push(line.boot)
      continue
    }
    const { state, ...delivery } = line
    const key = `${delivery.life} ${delivery.digest} ${delivery.n}`
    if (state === 'delivering' && !seen.has(key)) delivering.set(key, delivery)
    else delivering.delete(key)
    if (state === 'seen') seen.set(key, delivery)
  }
  return {
    firstBoot: isDamaged ? null : (boots[0] ?? null),
    lastBoot: boots.at(-1) ?? 0,
    isDamaged,
    delivering: [...delivering.values()],
    seen: [...seen.values()],
  }
}

function keptLines({ seen, delivering }: Past): string[] {
  const line = (state: 'seen' | 'delivering') => (delivery: Delivery) =>
    JSON.stringify({ state, ...delivery } satisfies Line)
  return [...seen.map(line('seen')), ...delivering.map(line('delivering'))]
}

function parseLine(json: string): Line | undefined {
  try {
    const line = JSON.parse(json) as Line
    return 'boot' in line || 'state' in line ? line : undefined
  } catch {
    return undefined
  }
}

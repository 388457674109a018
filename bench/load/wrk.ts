import { spawn } from 'node:child_process'
import { join } from 'node:path'

const SCRIPT = join(import.meta.dirname, 'unique-bodies.lua')

/** One kind of request; `body` holds one `@`, where a number goes that never comes twice. */
export interface RequestShape {
  readonly path: string
  readonly headers: readonly string[]
  readonly body: string
  /** Bytes to add at the end of a form. */
  readonly padding?: number
}

export interface Load {
  /** Of a loopback address: nothing else is ever put under load. */
  readonly url: string
  readonly shape: RequestShape
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly calls: number
  readonly callsPerSecond: number
  /** Latencies at the client; wrk fills in for what a closed loop leaves out. */
  readonly p50Us: number
  readonly p99Us: number
}

let runs = 0

/** One thread of wrk over keep-alive connections. Throws when any answer was not 2xx or 3xx, or did not come. */
export async function runLoad({ url, shape, connections, seconds }: Load): Promise<LoadResult> {
  const { hostname } = new URL(url)
  if (hostname !== '127.0.0.1') throw new Error(`bench: ${url} is not on this machine's loopback`)
  runs += 1
  const start = `${process.pid.toString(36)}x${runs.toString(36)}x`
  const { path, body, headers, padding = 0 } = shape
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', SCRIPT, url, '--']
  const output = await outputOf('wrk', [...args, 'POST', path, body, start, String(padding), ...headers])
  const line = /^figures (.*)$/m.exec(output)?.[1]
  if (line === undefined) throw new Error(`bench: wrk said nothing about ${url}:\n${output}`)
  const figures = JSON.parse(line) as Record<'calls' | 'durationUs' | 'notOk' | 'failed' | 'p50Us' | 'p99Us', number>
  const { calls, durationUs, notOk, failed, p50Us, p99Us } = figures
  if (calls === 0 || notOk + failed > 0) {
    throw new Error(`bench: of ${calls} calls to ${url} ${notOk} were refused and ${failed} not answered`)
  }
  return { calls, callsPerSecond: (calls * 1e6) / durationUs, p50Us, p99Us }
}

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', () => resolve(text))
  })
}

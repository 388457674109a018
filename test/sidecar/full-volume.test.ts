import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { freePort } from '../../tools/scene/free-port.ts'
import { skip } from '../../tools/test/skip.ts'
import { AppConnection, type RawAnswer } from './stand-in/app.ts'
import { newStateDir, StandInLedger } from './stand-in/ledger.ts'
import { writeIssued } from './stand-in/sidecar.ts'

/** Mounts a small memory volume in a namespace of its own, brings the credential there, and becomes the proxy. */
const IN_A_SMALL_VOLUME = `set -e
mount -t tmpfs -o size="$VOLUME_SIZE" memory "$JOBCAP_STATE_DIR"
cp "$CREDENTIAL" "$JOBCAP_STATE_DIR"
exec "$@"`
const NAMESPACES = ['--user', '--map-root-user', '--mount']

function canMount(): boolean {
  try {
    execFileSync('unshare', [...NAMESPACES, 'sh', '-c', 'mount -t tmpfs memory /mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('a memory volume that is full', () => {
  let ledger: StandInLedger
  let proxy: ChildProcess
  let log: string
  let port: number

  before(function () {
    if (!canMount()) skip(this, 'needs to mount a tmpfs in a namespace of its own (unshare --user --mount)')
  })

  const startIn = async (volumeSize: string) => {
    ledger = await StandInLedger.start()
    const folder = newStateDir()
    writeFileSync(join(folder, 'token'), 'pod-token')
    await writeIssued(folder, ledger.exchangeAnswer())
    port = await freePort()
    const env = {
      PATH: process.env['PATH'],
      VOLUME_SIZE: volumeSize,
      CREDENTIAL: join(folder, 'credential.json'),
      JOBCAP_LEDGER_URL: ledger.url,
      JOBCAP_TOKEN_FILE: join(folder, 'token'),
      JOBCAP_STATE_DIR: newStateDir(),
      JOBCAP_TERMINATION_LOG: join(folder, 'termination-log'),
      JOBCAP_PORT: String(port),
    }
    const args = ['sh', '-c', IN_A_SMALL_VOLUME, 'sh', process.execPath, 'sidecar/proxy/main.ts']
    proxy = spawn('unshare', [...NAMESPACES, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    log = ''
    proxy.stderr?.on('data', (chunk) => {
      log += String(chunk)
    })
    while (!log.includes('"ready"')) await once(proxy.stderr ?? process.stdin, 'data')
  }

  afterEach(async () => {
    proxy.kill('SIGKILL')
    await ledger.close()
  })

  it('has calls refused before they are sent, and cuts no answer of one that was', async () => {
    await startIn('68k')
    const app = await AppConnection.open(port)
    const { answered, refused } = await fill(app)
    expect(refused.headers).to.include({ 'jobcap-refused': 'delivery_file_full', 'stripe-should-retry': 'false' })
    expect(ledger.calls, 'sent').to.have.length(answered)
    expect(answered).to.be.above(200)
    const named = { headers: 'idempotency-key: invoice-7\r\n' }
    expect((await app.post('amount=5&currency=usd&customer=cus_0', named).answer()).status).to.equal(200)
    const read = await app.send('GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n').answer()
    expect(read.status).to.equal(200)
    app.socket.destroy()
  })
})

/** Calls for one customer after the other until one is refused. */
async function fill(app: AppConnection): Promise<{ answered: number; refused: RawAnswer }> {
  for (let answered = 0; ; answered += 1) {
    const answer = await app.post(`amount=5&currency=usd&customer=cus_${answered}`).answer()
    if (answer.status !== 200) return { answered, refused: answer }
  }
}

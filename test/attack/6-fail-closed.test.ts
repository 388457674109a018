import type { Socket } from 'node:net'
import { expect } from 'chai'
import { gist } from '../ledger/call.ts'
import { policyText } from '../ledger/rig.ts'
import { newJob, type PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { World } from '../path/world.ts'
import { drip, HostileVendor, jsonAnswer } from './hostile-vendor.ts'

describe('promise 6, attacked: a vendor without manners', function () {
  this.timeout(120_000)
  let world: World
  let vendor: HostileVendor
  let job: PathJob
  let pod: PathPod

  before(async () => {
    vendor = await HostileVendor.start()
    world = await World.start('--vendor-deadline-ms', '4000')
    world.rig.writePolicy(policyText(world.rig, { stripeUrl: vendor.url }))
  })
  beforeEach(async () => {
    job = newJob(world)
    pod = await job.startPod()
  })
  afterEach(() => world.endTest())
  after(async () => {
    vendor.stop()
    await world.stop()
  })

  const pay = (name: string) =>
    pod.ask({
      path: '/stripe/v1/payment_intents',
      headers: { 'x-case': name, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'amount=100&currency=usd',
    })

  const pourOut = (socket: Socket, chunk: string) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    drip(socket, 50, () => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  }

  it('an answer that never ends is broken off: the money stays reserved and the app is told', async () => {
    vendor.on('endless', (socket) => pourOut(socket, 'more'))
    expect(gist(await pay('endless'))).to.equal('504 outcome_pending')
    expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '1.00' })
  })

  it('an answer larger than we keep in memory is broken off at once, not read to its end', async () => {
    let written = 0
    const megabyte = 'a'.repeat(1024 * 1024)
    vendor.on('flood', (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n')
      const pour = () => {
        while (!socket.destroyed && socket.write(megabyte)) written += 1
      }
      socket.on('drain', pour)
      pour()
    })
    expect(gist(await pay('flood'))).to.equal('504 outcome_pending')
    expect(written / vendor.hits('flood'), 'MiB a send').to.be.below(100)
    expect((await job.books()).reserved).to.equal('1.00')
  })

  it('a read that never ends is given up when the app has left', async () => {
    const closed = Promise.withResolvers<void>()
    vendor.on('stream', (socket) => {
      socket.on('close', () => closed.resolve())
      pourOut(socket, 'a'.repeat(10_000))
    })
    const leaving = new AbortController()
    const asking = pod.ask({
      method: 'GET',
      path: '/stripe/v1/charges',
      headers: { 'x-case': 'stream' },
      signal: leaving.signal,
    })
    await vendor.reached('stream')
    leaving.abort()
    await asking.catch(() => {})
    await closed.promise
  })

  it('a read whose answer the vendor breaks off is asked for three times, not for as long as a ledger is waited for', async () => {
    vendor.on('cut', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"id"'))
    const told = await pod.ask({ method: 'GET', path: '/stripe/v1/charges', headers: { 'x-case': 'cut' } })
    expect(gist(told)).to.equal('503 vendor_unreachable')
    expect(vendor.hits('cut')).to.equal(3)
  })

  it('an answer under a thousand headers of the vendor is known as read, so that the same call again is a new one', async () => {
    let payments = 0
    const lines = Array.from({ length: 1_500 }, (_, at) => `x${at}: a`)
    vendor.on('headers', (socket) => {
      payments += 1
      socket.write(jsonAnswer({ id: `pi_${payments}`, amount: 100, currency: 'usd' }, lines))
    })
    expect((await pay('headers')).text).to.include('pi_1')
    expect((await pay('headers')).text).to.include('pi_2')
    expect(await job.books()).to.deep.equal({ spent: '2.00', reserved: '0.00' })
  })

  it('an answer with as many bytes of headers as we take from a vendor reaches the app', async () => {
    const lines = [`x-long: ${'a'.repeat(16_250)}`]
    vendor.on('long', (socket) => socket.write(jsonAnswer({ id: 'pi_long', amount: 100, currency: 'usd' }, lines)))
    const app = await pod.connect()
    app.post('amount=100&currency=usd', { headers: 'x-case: long\r\n' })
    expect((await app.answer()).status).to.equal(200)
  })
})

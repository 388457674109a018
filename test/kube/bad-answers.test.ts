import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { connectKube, type KubeApi } from '../../kube/api.ts'
import { type Change, mirror } from '../../kube/mirror.ts'
import type { KubeObject } from '../../kube/objects.ts'
import { createLog } from '../../runtime/log.ts'
import { systemTimers } from '../../runtime/timers.ts'

const LIST = '/api/v1/namespaces'
const status = (code: number, reason: string) => JSON.stringify({ kind: 'Status', code, reason, message: reason })
const named = (name: string, resourceVersion: string) => ({ metadata: { name, uid: name, resourceVersion } })

describe('the door to an API server that', () => {
  let folder: string
  let server: Server
  let file: string
  let kube: KubeApi
  let asked: string[]
  let answer: RequestListener

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'jobcap-kube-'))
    asked = []
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    file = join(folder, 'kubeconfig')
    const cluster = {
      'insecure-skip-tls-verify': true,
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    }
    const contexts = [{ name: 'c', context: { cluster: 'c', user: 'u' } }]
    const config = { clusters: [{ name: 'c', cluster }], users: [{ name: 'u', user: {} }], contexts }
    writeFileSync(file, JSON.stringify({ ...config, 'current-context': 'c' }))
    kube = connectKube(systemTimers, file)
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The first so many answers are this, the later ones an object. */
  const failFirst = (times: number, code: number): RequestListener => {
    return (_request, response) => {
      const fails = asked.length <= times
      response.writeHead(fails ? code : 200, fails ? { 'retry-after': '0' } : {})
      response.end(fails ? status(code, 'Busy') : JSON.stringify(named('x', '1')))
    }
  }

  it('is busy (429) is asked again, also to write', async () => {
    answer = failFirst(2, 429)
    expect(await kube.create(LIST, {})).to.deep.include({ metadata: named('x', '1').metadata })
    expect(asked).to.deep.equal(Array.from({ length: 3 }, () => `POST ${LIST}`))
  })

  it('fails (500) is asked again to read, and never to write', async () => {
    answer = failFirst(2, 500)
    expect(await kube.get(`${LIST}/x`)).to.deep.equal(named('x', '1'))
    asked.length = 0
    const said = await kube.create(LIST, {}).then(String, String)
    expect(said).to.equal('KubeFault: Busy')
    expect(asked).to.have.length(1)
  })

  it('is never well again is given up after four questions, with what it said', async () => {
    answer = failFirst(Infinity, 503)
    expect(await kube.get(`${LIST}/x`).then(String, String)).to.equal('KubeFault: Busy')
    expect(asked).to.have.length(4)
  })

  it('has forgotten where a watch stood (410) is listed anew, and what was missed is told', async () => {
    const lists = [
      [named('a', '1'), named('b', '1')],
      [named('b', '1'), named('c', '5')],
    ]
    answer = (request, response) => {
      if (request.url?.includes('watch=true') !== true) {
        const items = lists.shift() ?? []
        response.end(JSON.stringify({ metadata: { resourceVersion: String(9 - lists.length) }, items }))
      } else if (lists.length > 0) {
        response.end(`${JSON.stringify({ type: 'ERROR', object: JSON.parse(status(410, 'Expired')) })}\n`)
      } else response.flushHeaders()
    }
    const changes: string[] = []
    const { promise: missed, resolve } = Promise.withResolvers<void>()
    const watched = mirror<KubeObject, string>(
      { kube, timers: systemTimers, log: createLog('test', 'silent') },
      {
        path: LIST,
        pick: ({ metadata }) => metadata.name,
        onChange({ key, row, before }: Change<string>) {
          if (row !== before) changes.push(row === undefined ? `- ${key}` : `+ ${key}`)
          if (changes.at(-1) === '- a') resolve()
        },
      },
    )
    await missed
    watched.stop()
    expect(changes).to.deep.equal(['+ a', '+ b', '+ c', '- a'])
    expect(watched.rows()).to.deep.equal(['b', 'c'])
  })

  it('dies in the middle of a watch, or of an answer, is asked again from where it was', async () => {
    const watches = [`${JSON.stringify({ type: 'ADDED', object: named('b', '2') })}\n`, '']
    let cuts = 0
    answer = (request, response) => {
      if (request.url === `${LIST}/x` && cuts++ === 0) response.write('{', () => response.destroy())
      else if (request.url === `${LIST}/x`) response.end(JSON.stringify(named('x', '1')))
      else if (request.url?.includes('watch=true') !== true) {
        response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [named('a', '1')] }))
      } else if (watches.length > 0) {
        response.flushHeaders()
        response.write(`${watches.shift()}\n`, () => response.destroy())
      } else response.write(`${JSON.stringify({ type: 'ADDED', object: named('c', '3') })}\n`)
    }
    const { promise: known, resolve } = Promise.withResolvers<void>()
    const watched = mirror<KubeObject, string>(
      { kube, timers: systemTimers, log: createLog('test', 'silent') },
      { path: LIST, pick: ({ metadata }) => metadata.name, onChange: ({ key }) => void (key === 'c' && resolve()) },
    )
    await known
    watched.stop()
    expect(watched.rows()).to.deep.equal(['a', 'b', 'c'])
    const from = asked.filter((one) => one.includes('watch=true')).map((one) => /resourceVersion=(\d+)/.exec(one)?.[1])
    expect(from).to.deep.equal(['1', '2', '2'])
    expect(await kube.get(`${LIST}/x`)).to.deep.equal(named('x', '1'))
  })

  it('is gone without a word in the middle of a watch, or of an answer, is not waited for for ever', async () => {
    answer = (_request, response) => response.flushHeaders()
    const hurried = connectKube({ ...systemTimers, after: (_delayMs, action) => systemTimers.after(0, action) }, file)
    const lineless = hurried.stream(`${LIST}?watch=true`, () => undefined, new AbortController().signal)
    expect(await lineless.then(String, String)).to.match(/the answer was cut: nothing came for 330000 ms/)
    expect(await hurried.get(`${LIST}/x`).then(String, String)).to.match(/nothing came for 35000 ms/)
  })

  it('says what is no JSON, as what stands before it does, is listed and watched anew', async () => {
    const pages = ['<html>', JSON.stringify({ metadata: { resourceVersion: '1' }, items: [named('a', '1')] })]
    answer = (_request, response) => response.end(pages.shift() ?? '<html>\n')
    const watched = mirror<KubeObject, string>(
      { kube, timers: systemTimers, log: createLog('test', 'silent') },
      { path: LIST, pick: ({ metadata }) => metadata.name },
    )
    await watched.isThere
    watched.stop()
    expect(watched.rows()).to.deep.equal(['a'])
  })
})

import { existsSync, mkdtempSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openOutput } from '../../local/kubelet/output.ts'
import { skip } from '../../tools/test/skip.ts'

const FULL_DISK = '/dev/full'

describe('output of a container', () => {
  it('still comes when its log cannot be written, and that is said once', async function () {
    if (!existsSync(FULL_DISK)) skip(this, `there is no ${FULL_DISK} on this machine`)
    const folder = mkdtempSync(join(tmpdir(), 'jobcap-output-'))
    const lines: string[] = []
    const notes: string[] = []
    let take = (): void => {}
    const output = openOutput(join(folder, 'pipe'), FULL_DISK, {
      onLine: (line) => {
        lines.push(line)
        take()
      },
      onNote: (text) => {
        notes.push(text)
        take()
      },
    })
    const seen = (isSeen: () => boolean) =>
      new Promise<void>((resolve) => {
        take = () => (isSeen() ? resolve() : undefined)
        take()
      })
    writeSync(output.fd, 'one\n')
    await seen(() => lines.length === 1 && notes.length === 1)
    writeSync(output.fd, 'two\n')
    await seen(() => lines.length === 2)
    output.release()
    await output.ended
    expect(lines).to.deep.equal(['one', 'two'])
    expect(notes).to.have.length(1)
    expect(notes[0]).to.match(/^\/dev\/full is not complete: ENOSPC/)
    rmSync(folder, { recursive: true })
  })
})

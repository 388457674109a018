import { expect } from 'chai'
import { readPort } from '../../sidecar/port.ts'

describe("the proxy's port", () => {
  it('is 8080 in a namespace with a Service called jobcap, whose address the kubelet puts into JOBCAP_PORT', () => {
    for (const link of ['tcp://10.96.0.7:80', 'udp://10.96.0.7:53', 'sctp://[fd00::7]:80']) {
      expect(readPort({ JOBCAP_PORT: link })).to.equal(8080)
    }
  })

  it('is what JOBCAP_PORT says, and nothing where that is no port', () => {
    expect(readPort({ JOBCAP_PORT: '9000' })).to.equal(9000)
    expect(readPort({})).to.equal(8080)
    for (const none of ['', 'tcp', '70000', '10.96.0.7:80']) expect(readPort({ JOBCAP_PORT: none })).to.equal(undefined)
  })
})

import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type CallParts, FORM, JSON_TYPE, rowsOf } from './calls.ts'
import { EVERY_VENDOR, fateOf, type VendorUnderTest } from './every-vendor.ts'

const MULTIPART = 'multipart/form-data'

/** A body that is not what its type says, or that nobody can read; `json`, `form`: only where the vendor's own body is such. */
const LIES: readonly (readonly [
  what: string,
  of: 'json' | 'form' | 'any',
  lie: (own: VendorUnderTest['paid']) => CallParts,
])[] = [
  ['JSON called a form', 'json', () => ({ type: FORM })],
  ['a form called JSON', 'form', () => ({ type: JSON_TYPE })],
  ['its own body called text', 'any', () => ({ type: 'text/plain' })],
  ['its own body called nothing', 'any', () => ({ type: '' })],
  ['its own body called bytes', 'any', () => ({ type: 'application/octet-stream' })],
  ['its own body under two types', 'any', ({ type }) => ({ type: `text/plain, ${type}` })],
  ['its own body under half a type', 'any', ({ type }) => ({ type: type.slice(0, -1) })],
  ['its own body called multipart', 'any', () => ({ type: `${MULTIPART}; boundary=b` })],
  ['multipart without a boundary', 'any', () => ({ type: MULTIPART, body: '--b\r\nA: b\r\n\r\nx\r\n--b--\r\n' })],
  ['multipart with an empty boundary', 'any', () => ({ type: `${MULTIPART}; boundary=`, body: '--\r\n\r\nx\r\n----' })],
  ['gzip that no header names', 'any', ({ body }) => ({ body: gzipSync(body) })],
  ['UTF-16', 'any', ({ body }) => ({ body: Buffer.from(body, 'utf16le') })],
  ['UTF-16 by its own word', 'any', ({ type }) => ({ type: `${type}; charset=utf-16` })],
  ['two charsets', 'any', ({ type }) => ({ type: `${type}; charset=utf-8; charset=ibm037` })],
  ['a charset within quotes', 'any', ({ type }) => ({ type: `${type}; x=";charset=utf-8"; charset=ibm037` })],
  ['a charset in the manner of RFC 2231', 'any', ({ type }) => ({ type: `${type}; charset*=us-ascii''ibm037` })],
  ['a byte order mark', 'any', ({ body }) => ({ body: `\ufeff${body}` })],
  ['half a character at its end', 'any', ({ body }) => ({ body: Buffer.from([...Buffer.from(body), 0xc3]) })],
  ['nothing at all', 'any', () => ({ body: '' })],
]

/** Each would be the paid route for some servers. `P` is its path, `T` its last segment, `H` what stands before, `F` a free route's. */
const TRICKS = `
  path
  P/
  P.
  P;a=b
  P%20
  P%00
  P%2f
  P?
  P%3Fa=b
  /x/..P
  /x/%2e%2eP
  /x%2f..P
  /.P
  /P
  H//T
  H/./T
  H/;x=y/T
  H%2fT
  H%5cT
  F/..P
  F/%2e%2eP
  F%2f..P
  F;/..P
`

const OVERRIDES = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-original-uri',
  // CGI, and what descends from it, reads an underscore as a dash.
  'x_http_method_override',
  'x-http_method-override',
  'x_original_url',
]

/** Frameworks that take the method out of a parameter: Rack and PHP's from a form, WordPress from the query of a GET too. */
const OVERRIDE_PARAMETERS = [
  '_method',
  '%5Fmetho%64',
  '_METHOD',
  '.method',
  '+_method',
  '_method[]',
  // Perl, and Rack before 3.
  'a=b;_method',
  'x-http-method-override',
]

for (const vendor of EVERY_VENDOR) {
  const { type, paid, free } = vendor
  const [head = '', tail = ''] = [paid.path.slice(0, paid.path.lastIndexOf('/')), paid.path.split('/').at(-1)]
  const price = fateOf(vendor, paid)

  describe(`bad input for ${type}`, () => {
    it('has its price when nothing is wrong with it', () => expect(price).to.match(/^[1-9][0-9]*$/))

    for (const [what, of, lie] of LIES) {
      if (of !== 'any' && of !== (paid.type === FORM ? 'form' : 'json')) continue
      it(`${what} is refused`, () => {
        expect(fateOf(vendor, { ...paid, ...lie(paid) })).to.match(
          /^refused: (body_unreadable|amount_invalid|route_unknown)$/,
        )
      })
    }

    for (const [trick = ''] of rowsOf(TRICKS)) {
      const path = trick
        .replace(/^F/, free ?? '/v1/free')
        .replace('P', paid.path)
        .replace('H', head)
        .replace(/T$/, tail)
      it(`${path} is refused, whatever would be changed`, () => {
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          const fate = fateOf(vendor, { ...paid, method, path })
          expect(fate, method).to.match(/^refused: (path_ambiguous|route_unknown|request_malformed)$/)
        }
      })
    }

    it('in capitals it is never free, and never cheaper', () => {
      for (const path of [paid.path.toUpperCase(), `${head}/${tail.toUpperCase()}`, `${head.toUpperCase()}/${tail}`]) {
        if (path !== paid.path) expect(fateOf(vendor, { ...paid, path }), path).to.match(/^refused: /)
      }
    })

    for (const name of OVERRIDES) {
      it(`the header ${name} is refused, on a read, on a free route and on the paid one`, () => {
        const headers = { [name]: 'POST' }
        const reads = { ...paid, method: 'GET', body: '', headers }
        const calls = [{ ...paid, headers }, reads, ...(free === null ? [] : [{ ...paid, path: free, headers }])]
        for (const call of calls) expect(fateOf(vendor, call)).to.equal('refused: request_malformed')
      })
    }

    for (const name of OVERRIDE_PARAMETERS) {
      it(`the parameter ${name} is refused, in a query and in a body`, () => {
        const query = `a=b&${name}=POST`
        const calls: (CallParts & { readonly path: string })[] = [
          { ...paid, method: 'GET', body: '', query },
          { ...paid, query },
        ]
        const path = free ?? paid.path
        if (free !== null) calls.push({ ...paid, path, query })
        if (paid.type === FORM || type === 'generic') {
          calls.push({ ...paid, path, type: FORM, body: `a=b&${name}=DELETE` })
        }
        for (const call of calls) {
          expect(fateOf(vendor, call), `${call.method} ${call.path}`).to.match(
            /^refused: (request_malformed|body_unreadable|route_unknown)$/,
          )
        }
      })
    }

    if (type === 'generic') {
      const path = free ?? ''
      const BODIES = [
        { type: JSON_TYPE, body: '{"a":1,"_method":"DELETE"}' },
        {
          type: `${MULTIPART}; boundary=b`,
          body: '--b\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--b--\r\n',
        },
      ]
      for (const body of BODIES) {
        it(`a method in ${body.type} is refused`, () => {
          expect(fateOf(vendor, { ...paid, path, ...body })).to.equal('refused: request_malformed')
          expect(fateOf(vendor, { ...paid, path, ...body, body: body.body.replace('_m', 'm') })).to.equal('free')
        })
      }
    }

    if (paid.type === JSON_TYPE) {
      const cut = paid.body.slice(1)
      const BODIES: readonly (readonly [what: string, body: string])[] = [
        ['__proto__', `{"__proto__":{"a":1},${cut}`],
        ['a name given twice', `{${cut.slice(0, -1)},${paid.body.slice(1, -1)}}`],
        ['a list around it', `[${paid.body}]`],
        ['text behind it', `${paid.body}{}`],
        ['a comment', `/**/${paid.body}`],
        ['a thousand levels', `{"deep":${'['.repeat(1_000)}${']'.repeat(1_000)},${cut}`],
        ['half a surrogate pair', `{"odd":"\\ud800",${cut}`],
        ['a name that nobody has judged', `{"amount_override":1,${cut}`],
      ]
      for (const [what, body] of BODIES) {
        if (type === 'generic' && what === 'a name that nobody has judged') continue
        it(`JSON with ${what} is refused`, () => {
          expect(fateOf(vendor, { ...paid, body })).to.match(/^refused: /)
        })
      }
    } else {
      for (const [what, body] of [
        ['each field twice', `${paid.body}&${paid.body}`],
        ['a list in the place of a text', paid.body.replace(/^([^=]+)=/, '$1[]=')],
        ['a field without =', `${paid.body}&amount`],
        ['a semicolon', paid.body.replace('&', ';')],
      ] as const) {
        it(`a form with ${what} is refused`, () => expect(fateOf(vendor, { ...paid, body })).to.match(/^refused: /))
      }
    }
  })
}

import { expect } from 'chai'
import { canonicalJson, parseJson } from '../../vendors/content/json.ts'
import { type Chance, chanceOf, SEED, shuffled } from './chance.ts'

const WELL_FORMED: readonly (readonly [text: string, canonical: string])[] = [
  ['{"b":1,"a":[true,false,null]}', '{"a":[true,false,null],"b":1}'],
  [' \n{ "a" : 1 , "b" : [ ] , "c" : { } }\t', '{"a":1,"b":[],"c":{}}'],
  ['12345678901234567890', '12345678901234567890'],
  ['[1.0,1e3,1E+3,-0,0.10]', '[1.0,1e3,1E+3,-0,0.10]'],
  ['"\\u0041\\n\\/"', '"A\\n/"'],
  ['"\\ud83d\\ude00"', '"😀"'],
  ['{"constructor":1,"toString":2}', '{"constructor":1,"toString":2}'],
  ['{"":1}', '{"":1}'],
]

const MALFORMED = [
  '',
  '{',
  '[1,]',
  '{"a":1,}',
  '{a:1}',
  "{'a':1}",
  '{"a" 1}',
  '01',
  '1.',
  '.5',
  '+1',
  '0x10',
  'NaN',
  'Infinity',
  '1 2',
  '"\n"',
  '"\\x41"',
  '"\\u12"',
  '"open',
  '\ufeff{}',
  '// comment\n{}',
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":2}',
  '{"a":{"b":1,"b":2}}',
  '{"__proto__":{"amount":1}}',
  '{"\\u005f_proto__":1}',
  '"\\ud800"',
  '"\\ude00\\ud83d"',
  'truee',
  '['.repeat(101) + ']'.repeat(101),
]

describe('the JSON reader', () => {
  for (const [text, canonical] of WELL_FORMED) {
    it(`reads ${text.trim()} as ${canonical}`, () => {
      const value = parseJson(text)
      expect(typeof value === 'string' ? value : canonicalJson(value)).to.equal(canonical)
    })
  }

  for (const text of MALFORMED) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))} and says where`, () => {
      expect(parseJson(text))
        .to.be.a('string')
        .that.matches(/^JSON with .+, at character [0-9]+$/)
    })
  }

  it('takes a hundred levels and no more', () => {
    expect(parseJson('['.repeat(100) + ']'.repeat(100))).to.be.an('object')
    expect(parseJson('['.repeat(200_000))).to.contain('more than 100 levels')
  })

  it(`agrees with JSON.parse on random documents, whatever the order of names (SEED=${SEED})`, () => {
    const chance = chanceOf(SEED)
    for (let round = 0; round < 300; round += 1) {
      const value = randomJson(chance, 4)
      const [first, second] = [write(value, chance), write(value, chance)].map((text) => parseJson(text))
      if (first === undefined || typeof first === 'string') expect.fail(`round ${round}: ${first}`)
      if (second === undefined || typeof second === 'string') expect.fail(`round ${round}: ${second}`)
      expect(canonicalJson(first)).to.equal(canonicalJson(second))
      expect(JSON.parse(canonicalJson(first))).to.deep.equal(value)
    }
  })
})

function randomJson(chance: Chance, depth: number): unknown {
  const kind = chance.below(depth === 0 ? 4 : 6)
  if (kind === 0) return chance.below(1_000_000) - 500_000
  if (kind === 1) return chance.pick(['', 'a', 'ä"\\', '\u0000\n', '😀', 'a,b:{}[]'])
  if (kind === 2) return chance.pick([true, false, null])
  if (kind === 3) return chance.below(1_000) / 8
  if (kind === 4) return Array.from({ length: chance.below(4) }, () => randomJson(chance, depth - 1))
  return Object.fromEntries(
    Array.from({ length: chance.below(5) }, (_, at) => [`k${at}"`, randomJson(chance, depth - 1)]),
  )
}

/** The value as text with its names in a random order and random space. */
function write(value: unknown, chance: Chance): string {
  const space = (): string => chance.pick(['', ' ', '\n\t'])
  if (Array.isArray(value)) return `[${value.map((item) => `${space()}${write(item, chance)}`).join(',')}]${space()}`
  if (typeof value === 'object' && value !== null) {
    const members = shuffled(Object.entries(value), chance)
    return `{${members.map(([name, item]) => `${space()}${JSON.stringify(name)}${space()}:${write(item, chance)}`).join(',')}${space()}}`
  }
  return JSON.stringify(value)
}

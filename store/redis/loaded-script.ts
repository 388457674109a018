import { createHash } from 'node:crypto'
import { type Cluster, Command, type Redis } from 'ioredis'
import { luaOf, type Script, type ScriptValue } from './script.ts'

/**
 * A script as it goes to Redis: whole at first on each connection, then by its digest; whole again where Redis has lost it.
 * As ioredis' `defineCommand` does, except that a step is put into bytes by us: of forty arguments with a sealed body among
 * them that took ioredis 13 us, and takes 5.
 */
export class LoadedScript {
  readonly #lua: string
  readonly #sha: string
  readonly #args: readonly string[]
  /** Connections on which Redis was given the script. */
  readonly #givenOn = new WeakSet<object>()

  constructor(script: Script, altered: (lua: string) => string) {
    this.#lua = altered(luaOf(script))
    this.#sha = createHash('sha1').update(this.#lua).digest('hex')
    this.#args = Object.keys(script.args)
  }

  ask(client: Redis | Cluster, keys: readonly string[], given: Given): Promise<Buffer[]> {
    const first = this.#send(client, keys, given)
    return first.promise.catch((fault: unknown) => {
      if (!(fault instanceof Error && fault.message.startsWith('NOSCRIPT'))) throw fault
      // Redis ran nothing; asked again it is given the script.
      if (first.socket !== undefined) this.#givenOn.delete(first.socket)
      return this.#send(client, keys, given).promise
    })
  }

  #send(client: Redis | Cluster, keys: readonly string[], given: Given): StepCommand {
    const command = new StepCommand([this.#sha, String(keys.length), ...keys], (socket) =>
      bytesOf(this.#wordsFor(socket, keys, given)),
    )
    client.sendCommand(command as unknown as Command)
    return command
  }

  #wordsFor(socket: object, keys: readonly string[], { history, args }: Given): Word[] {
    const isGiven = this.#givenOn.has(socket)
    if (!isGiven) this.#givenOn.add(socket)
    const words: Word[] = [isGiven ? 'evalsha' : 'eval', isGiven ? this.#sha : this.#lua, String(keys.length)]
    for (const key of keys) words.push(key)
    words.push(history)
    for (const name of this.#args) words.push(asWord(args[name]))
    return words
  }
}

type Word = string | Buffer

export interface Given {
  readonly history: string
  readonly args: Readonly<Record<string, ScriptValue>>
}

/** What ioredis' clients ask of a command and find in its own class, and what of that class is done otherwise here. */
interface BareCommand {
  isResolved: boolean
  isSettled: boolean
  /** Set by `setTimeout`. */
  _commandTimeoutTimer: NodeJS.Timeout | undefined
  initPromise(): void
  _clearTimers(): void
}
type MakesBareCommand = new (name: string, words: Word[], options: { replyEncoding: null }) => BareCommand
const IoredisCommand = Command as unknown as MakesBareCommand

/**
 * ioredis finds its node by the keys, which is all that it is told, and its place in the queue; the bytes are ours. So is the
 * promise: ioredis' own holds a function that is written as `this.reject = …`, and V8 puts such a one into the old generation
 * at once. Each step, with all its words and its reply, then stayed in memory until a full collection.
 */
export class StepCommand extends IoredisCommand {
  /** That it was written to last. */
  socket: object | undefined
  readonly promise: Promise<Buffer[]>
  readonly #bytesFor: (socket: object) => Buffer
  readonly #settle: Pick<PromiseWithResolvers<Buffer[]>, 'resolve' | 'reject'>

  constructor(words: Word[], bytesFor: (socket: object) => Buffer) {
    super('evalsha', words, { replyEncoding: null })
    const settle = Promise.withResolvers<Buffer[]>()
    this.promise = settle.promise
    this.#settle = settle
    this.#bytesFor = bytesFor
  }

  /** Called by the constructor above ours. */
  override initPromise(): void {}

  resolve(reply: Buffer[]): void {
    this.isResolved = true
    this.#end()
    this.#settle.resolve(reply)
  }

  reject(fault: Error): void {
    this.#end()
    this.#settle.reject(fault)
  }

  toWritable(socket: object): Buffer {
    this.socket = socket
    return this.#bytesFor(socket)
  }

  /** Without `delete`, which would make a dictionary of the object. */
  override _clearTimers(): void {
    clearTimeout(this._commandTimeoutTimer)
    this._commandTimeoutTimer = undefined
  }

  #end(): void {
    this._clearTimers()
    this.isSettled = true
  }
}

/** Null and false are the empty text. */
function asWord(value: ScriptValue | undefined): Word {
  if (value === undefined || value === null || value === false) return ''
  if (value === true) return '1'
  return typeof value === 'number' ? String(value) : value
}

/** In Redis' protocol. Nearly every step is ASCII but for its body, so that characters are bytes and need not be counted. */
export function bytesOf(words: readonly Word[]): Buffer {
  return written(words, (word) => word.length) ?? (written(words, (word) => Buffer.byteLength(word)) as Buffer)
}

/** The longest character in UTF-8, bytes. */
const LONGEST_CHARACTER = 4

/** What ends the word before it, and says how long the next one is. Made once for each length that comes often. */
const HEADS: readonly string[] = Array.from({ length: 2_048 }, (_, length) => `\r\n$${length}\r\n`)
const headOf = (length: number): string => HEADS[length] ?? `\r\n$${length}\r\n`

/** What is text between two bodies is written at once. Undefined where some text has another length than `lengthOf` says. */
function written(words: readonly Word[], lengthOf: (word: string) => number): Buffer | undefined {
  const pieces: Word[] = []
  let text = `*${words.length}`
  let size = 0
  for (const word of words) {
    if (typeof word === 'string') {
      text += headOf(lengthOf(word)) + word
    } else {
      text += headOf(word.length)
      size += lengthOf(text) + word.length
      pieces.push(text, word)
      text = ''
    }
  }
  text += '\r\n'
  pieces.push(text)
  size += lengthOf(text)
  // With room to spare, a text that is longer than it says cannot look right by being cut off.
  const bytes = Buffer.allocUnsafe(size + LONGEST_CHARACTER)
  let at = 0
  for (const piece of pieces) {
    if (typeof piece !== 'string') at += piece.copy(bytes, at)
    else if (bytes.write(piece, at) === lengthOf(piece)) at += lengthOf(piece)
    else return undefined
  }
  return bytes.subarray(0, size)
}

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

  async ask(client: Redis | Cluster, keys: readonly string[], { history, args }: Given): Promise<Buffer[]> {
    const words: Word[] = [String(keys.length), ...keys, history, ...this.#args.map((name) => asWord(args[name]))]
    const first = this.#send(client, words)
    try {
      return await first.reply
    } catch (fault) {
      if (!(fault instanceof Error && fault.message.startsWith('NOSCRIPT'))) throw fault
      // Redis ran nothing; asked again it is given the script.
      if (first.socket !== undefined) this.#givenOn.delete(first.socket)
      return this.#send(client, words).reply
    }
  }

  #send(client: Redis | Cluster, words: readonly Word[]): StepCommand {
    const command = new StepCommand([this.#sha, ...words], (socket) => this.#bytesFor(socket, words))
    client.sendCommand(command)
    return command
  }

  #bytesFor(socket: object, words: readonly Word[]): Buffer {
    if (this.#givenOn.has(socket)) return bytesOf(['evalsha', this.#sha, ...words])
    this.#givenOn.add(socket)
    return bytesOf(['eval', this.#lua, ...words])
  }
}

type Word = string | Buffer

export interface Given {
  readonly history: string
  readonly args: Readonly<Record<string, ScriptValue>>
}

/** ioredis finds its node by the keys, and its place in the queue; the bytes are ours. */
class StepCommand extends Command {
  /** That it was written to last. */
  socket: object | undefined
  readonly #bytesFor: (socket: object) => Buffer

  constructor(words: Word[], bytesFor: (socket: object) => Buffer) {
    super('evalsha', words, { replyEncoding: null })
    this.#bytesFor = bytesFor
  }

  get reply(): Promise<Buffer[]> {
    return this.promise as Promise<Buffer[]>
  }

  override toWritable(socket: object): Buffer {
    this.socket = socket
    return this.#bytesFor(socket)
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

/** What is text between two bodies is written at once. Undefined where some text has another length than `lengthOf` says. */
function written(words: readonly Word[], lengthOf: (word: string) => number): Buffer | undefined {
  const pieces: Word[] = []
  let text = `*${words.length}\r\n`
  let size = 0
  for (const word of words) {
    if (typeof word === 'string') {
      text += `$${lengthOf(word)}\r\n${word}\r\n`
    } else {
      const head = `${text}$${word.length}\r\n`
      size += lengthOf(head) + word.length
      pieces.push(head, word)
      text = '\r\n'
    }
  }
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

import type { ModelPrice } from '../../contract/pricing.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { Json } from '../content/json.ts'
import { type Content, type ContentPart, contentOf } from '../tokens/cost-content.ts'
import { isNothing, type Members, memberOf, memberText, show, textOf, unbounded } from '../tokens/cost-request.ts'
import { mostImageTokens } from './cost-limits.ts'

const TEXT: ContentPart = { kind: 'text' }

/** How long a cache keeps what it is asked to keep, where the price of that is known. */
export const PRICED_TTL = '30m'

export const LONGER_CACHE: Refusal = unbounded(
  `What a cache with another \`ttl\` than \`${PRICED_TTL}\` costs is not known here.`,
  'Leave it out.',
)

/** Parts of a conversation that hold nothing but text, by their `type`. */
const CHAT_TEXT = ['text', 'refusal', 'function', 'custom', 'json_schema']
const RESPONSE_TEXT = [
  'message',
  'input_text',
  'output_text',
  'text',
  'refusal',
  'summary_text',
  'reasoning_text',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'local_shell_call',
  'local_shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'url_citation',
  'file_citation',
  'container_file_citation',
  'file_path',
  'create_file',
  'update_file',
  'delete_file',
]

/** What `messages` of a chat completion holds. */
export function chatContent(messages: Json | undefined, model: ModelPrice): Content | Refusal {
  return contentOf([messages], (members) => {
    if (isKeptLonger(members)) return LONGER_CACHE
    // An earlier answer in sound, named by its id.
    if (!isNothing(members.get('audio'))) return unknownPart('audio')
    const type = textOf(members.get('type')) ?? untypedPart(members)
    if (type === undefined || CHAT_TEXT.includes(type)) return TEXT
    if (type === 'image_url') return image(memberText(members.get('image_url'), 'url'), model)
    if (type === 'file') return { kind: 'elsewhere', dataBytes: 0 }
    return unknownPart(type)
  })
}

/** Some servers of this protocol go by what a part holds where it names no type. */
const PART_TYPES = ['image_url', 'file', 'input_audio', 'audio_url', 'video_url']

function untypedPart(members: Members): string | undefined {
  return PART_TYPES.find((name) => !isNothing(members.get(name)))
}

/** What `input` of a response holds. */
export function responseContent(input: Json | undefined, model: ModelPrice): Content | Refusal {
  return contentOf([input], (members) => {
    if (isKeptLonger(members)) return LONGER_CACHE
    const type = textOf(members.get('type'))
    // The variables of a command may have any name, so that they could look like a picture.
    if (type === 'exec') return { kind: 'text', isWhole: true }
    if (type === undefined || RESPONSE_TEXT.includes(type)) {
      return isReference(type, members) || isKeptReasoning(type, members) ? elsewhere() : TEXT
    }
    if (type === 'input_image') return image(textOf(members.get('image_url')), model)
    if (type === 'input_file' || type === 'item_reference' || type === 'compaction') return elsewhere()
    return unknownPart(type)
  })
}

/** A part that ends what the cache takes up: for half an hour, or, as of openai-node 7.57, for twelve. */
function isKeptLonger(members: Members): boolean {
  const ttl = memberOf(members.get('prompt_cache_breakpoint'), 'ttl')
  return !isNothing(ttl) && textOf(ttl) !== PRICED_TTL
}

/** `{id: …}` stands for an item that the vendor keeps; its type may be left out, or be null (openai-node 7.59). */
function isReference(type: string | undefined, members: Members): boolean {
  return type === undefined && members.has('id') && isNothing(members.get('content'))
}

/** The vendor renders what it keeps under the item's id, unless the item brings it along. */
function isKeptReasoning(type: string | undefined, members: Members): boolean {
  return type === 'reasoning' && isNothing(members.get('encrypted_content'))
}

function elsewhere(): ContentPart {
  return { kind: 'elsewhere', dataBytes: 0 }
}

function image(url: string | undefined, model: ModelPrice): ContentPart {
  const dataBytes = url?.startsWith('data:image/') === true ? Buffer.byteLength(url) : 0
  return { kind: 'image', tokens: mostImageTokens(model, dataBytes), dataBytes }
}

function unknownPart(type: string): Refusal {
  return unbounded(`What a part of type \`${show(type)}\` costs is not known here.`, 'Send text and pictures.')
}

import type { Refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import { type Json, jsonInOrder } from '../content/json.ts'
import {
  isNothing,
  isTrue,
  itemsOf,
  type Members,
  memberOf,
  memberText,
  show,
  unbounded,
} from '../tokens/cost-request.ts'

/**
 * Tokens that Anthropic adds to the input, each an assumption to be checked, none of whose figures a page was seen to say: a
 * prompt that explains the schema, whose own text stands in the body; how the countdown of a budget is explained, and its
 * state at each message; what stands in the place of what an edit has cleared, beyond what the cleared block takes in JSON.
 */
const ADDED_BY_FORMAT_TOKENS = 1_000
const ADDED_BY_BUDGET_TOKENS = 1_000
const ADDED_BY_BUDGET_A_MESSAGE_TOKENS = 50
const ADDED_BY_EDITS_TOKENS = 1_000

/**
 * Tokens for the prompt about citations, and for the mark of each sentence into which a document is cut. "A slight increase
 * in input tokens" is all that https://platform.claude.com/docs/en/build-with-claude/citations says (read 2026-11-27), so both
 * are assumptions to be checked. Any sign of punctuation, and any line, may end a sentence.
 */
const ADDED_BY_CITATIONS_TOKENS = 2_000
const ADDED_A_SENTENCE_TOKENS = 10
const SENTENCE_ENDS = /[\p{P}\n\r]/gu

/** As of @anthropic-ai/sdk 1.14. However hard the model tries, and whatever budget it sees, `max_tokens` ends its output. */
const OUTPUT_CONFIG = ['effort', 'format', 'task_budget']

/**
 * Edits that leave out part of the input before the model reads it: what a cache took up may have to be written anew, which
 * the bound counts. https://platform.claude.com/docs/en/build-with-claude/context-editing
 */
const CLEARING = ['clear_tool_uses_20250919', 'clear_thinking_20251015']

/** What the options of a message add to its input. */
export function addedByOptions(members: Members): number | Refusal {
  const config = membersOfOption(members.get('output_config'), 'output_config', OUTPUT_CONFIG)
  if (isRefusal(config)) return config
  const edits = addedByEdits(members.get('context_management'))
  if (isRefusal(edits)) return edits
  const formats = [config.get('format'), members.get('output_format')].filter((format) => !isNothing(format))
  const messages = itemsOf(members.get('messages')).length
  const budget = isNothing(config.get('task_budget'))
    ? 0
    : ADDED_BY_BUDGET_TOKENS + messages * ADDED_BY_BUDGET_A_MESSAGE_TOKENS
  const values = withinOf(members.get('messages'))
  const added = addedByCitations(values) + addedByReferences(values, itemsOf(members.get('tools')))
  return edits + formats.length * ADDED_BY_FORMAT_TOKENS + budget + added
}

/**
 * Where a search of the app's own names a tool, its whole definition is put (@anthropic-ai/sdk 1.14, `defer_loading`), a
 * token a byte at most. Whether a tool named twice is put twice, no page was seen to say.
 */
function addedByReferences(values: readonly Json[], tools: readonly Json[]): number {
  const sizes = new Map<string | undefined, number>()
  for (const tool of tools) sizes.set(memberText(tool, 'name'), Buffer.byteLength(jsonInOrder(tool)))
  return values
    .filter((value) => memberText(value, 'type') === 'tool_reference')
    .reduce((sum, reference) => sum + (sizes.get(memberText(reference, 'tool_name')) ?? 0), 0)
}

/** Once one document is to be cited, all texts are taken to be cut: its own may lie in blocks within blocks. */
function addedByCitations(values: readonly Json[]): number {
  const isCited = (value: Json) =>
    value.kind === 'object' && isTrue(memberOf(value.members.get('citations'), 'enabled'))
  if (!values.some(isCited)) return 0
  const sentences = values.reduce((sum, value) => sum + (value.kind === 'text' ? sentencesIn(value.value) : 0), 0)
  return ADDED_BY_CITATIONS_TOKENS + sentences * ADDED_A_SENTENCE_TOKENS
}

/** A value and all that is in it, but for the bytes of pictures and files. */
function withinOf(root: Json | undefined): readonly Json[] {
  const found: Json[] = root === undefined ? [] : [root]
  for (const value of found) {
    if (value.kind === 'list') for (const item of value.items) found.push(item)
    if (value.kind !== 'object' || memberText(value, 'type') === 'base64') continue
    for (const member of value.members.values()) found.push(member)
  }
  return found
}

function sentencesIn(text: string): number {
  return 1 + (text.match(SENTENCE_ENDS)?.length ?? 0)
}

function addedByEdits(value: Json | undefined): number | Refusal {
  const management = membersOfOption(value, 'context_management', ['edits'])
  if (isRefusal(management)) return management
  const types = itemsOf(management.get('edits')).map((edit) => memberText(edit, 'type') ?? 'without a type')
  const other = types.find((type) => !CLEARING.includes(type))
  if (other === undefined) return types.length === 0 ? 0 : ADDED_BY_EDITS_TOKENS
  // https://platform.claude.com/docs/en/build-with-claude/compaction: billed as an iteration that the usage leaves out of its sum.
  return unbounded(
    other.startsWith('compact_')
      ? `The edit \`${show(other)}\` has the model read the whole conversation once more, and write a summary that no limit of the request bounds.`
      : `What the edit \`${show(other)}\` of \`context_management\` costs is not known here.`,
    `Leave it out, or use ${CLEARING.join(' and ')}; a program may sum up in a call of its own.`,
  )
}

/** Empty where the option is left out. */
function membersOfOption(value: Json | undefined, option: string, known: readonly string[]): Members | Refusal {
  if (value === undefined || isNothing(value)) return new Map()
  if (value.kind !== 'object') return unbounded(`\`${option}\` is not an object.`, 'Write it as the vendor says.')
  const unknown = [...value.members.keys()].find((name) => !known.includes(name))
  if (unknown === undefined) return value.members
  return unbounded(
    `\`${show(unknown)}\` of \`${option}\` is not known here, so it may change the price.`,
    `Leave it out; known are ${known.join(', ')}.`,
  )
}

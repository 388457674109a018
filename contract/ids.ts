declare const kind: unique symbol
type Id<Kind extends string> = string & { readonly [kind]: Kind }

/** UID of the first Job of a run; for a client without a Job, the id of its vault key. */
export type RunUid = Id<'run'>
export type JobUid = Id<'job'>
export type PodUid = Id<'pod'>
/** Public id of a vault key, `key_` and 24 hex. Not a secret. */
export type KeyId = Id<'key'>
/** Id of one recorded call, `call_` and 24 hex; new for each record. */
export type CallId = Id<'call'>
/** Random id of the store's history; new whenever the store may have lost something. */
export type HistoryId = Id<'history'>
/** Marks one send of a record, 16 hex, made by the sender. */
export type Nonce = Id<'nonce'>
/** SHA-256 of the content of a call, 64 hex. */
export type Digest = Id<'digest'>

export const asRunUid = (text: string): RunUid => text as RunUid
export const asJobUid = (text: string): JobUid => text as JobUid
export const asPodUid = (text: string): PodUid => text as PodUid
export const asKeyId = (text: string): KeyId => text as KeyId
export const asCallId = (text: string): CallId => text as CallId
export const asHistoryId = (text: string): HistoryId => text as HistoryId
export const asNonce = (text: string): Nonce => text as Nonce
export const asDigest = (text: string): Digest => text as Digest

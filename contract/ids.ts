declare const kind: unique symbol
type Id<Kind extends string> = string & { readonly [kind]: Kind }

/** UID of the first Job of a run; for a client without a Job, the id of its vault key. */
export type RunUid = Id<'run'>
/** UID of a Kubernetes Job; locally one of our making. */
export type JobUid = Id<'job'>
/** UID of a Pod; locally one of our making. */
export type PodUid = Id<'pod'>
/** Public id of a vault key, `key_` and 24 hex. Not a secret. */
export type KeyId = Id<'key'>
/** Id of one recorded call, `call_` and 24 hex; new for each record. */
export type CallId = Id<'call'>
/** Random id of the store's history; new whenever the store may have lost something. */
export type HistoryId = Id<'history'>
/** Marks one send of a record, 16 hex, made by the sender. */
export type Nonce = Id<'nonce'>
/** One run of an issuer, or one `begin` of an app; 32 hex, made by whoever asks. */
export type WalkId = Id<'walk'>
/** SHA-256 of the content of a call, 64 hex. */
export type Digest = Id<'digest'>

/** Takes a text for a run’s UID, where it is read. */
export const asRunUid = (text: string): RunUid => text as RunUid
/** Takes a text for a Job’s UID, where it is read. */
export const asJobUid = (text: string): JobUid => text as JobUid
/** Takes a text for a Pod’s UID, where it is read. */
export const asPodUid = (text: string): PodUid => text as PodUid
/** Takes a text for a vault key’s id, where it is made or read. */
export const asKeyId = (text: string): KeyId => text as KeyId
/** Takes a text for a call’s id, where it is made or read. */
export const asCallId = (text: string): CallId => text as CallId
/** Takes a text for a history’s id, where it is made or read. */
export const asHistoryId = (text: string): HistoryId => text as HistoryId
/** Takes a text for a send’s mark, where it is made or read. */
export const asNonce = (text: string): Nonce => text as Nonce
/** Takes a text for a walk’s id, where it is made or read. */
export const asWalkId = (text: string): WalkId => text as WalkId
/** Takes a text for a digest, where it is made or read. */
export const asDigest = (text: string): Digest => text as Digest

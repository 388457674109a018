/**
 * Nothing of these is billed by OpenAI itself. Moderation: https://platform.openai.com/docs/guides/moderation calls it free
 * to use; counting: what users were told (https://community.openai.com/t/1380071). Others that speak the protocol sell
 * moderation, so the price says where these hold.
 */
export const COUNTING_PATHS = ['/moderations', '/responses/input_tokens']

import { type Context, isSet, type Values } from './command.ts'

/** Prints an answer: with `--json` as one line of JSON, else as `text` puts it for people. */
export function printAnswer<Answer>(
  answer: Answer,
  { values, context, text }: { readonly values: Values; readonly context: Context; text(answer: Answer): string },
): void {
  context.terminal.out(isSet(values, 'json') ? `${JSON.stringify(answer)}\n` : text(answer))
}

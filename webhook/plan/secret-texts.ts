import { APP_SIDES, type AppSide } from '../../vendors/registry/app.ts'

/** The text with placeholders in the place of all that looks like a vendor's secret. */
export function withoutSecrets(text: string): string {
  return Object.values(APP_SIDES).reduce(withoutSecretsOf, text)
}

/** Whose secret stands in a text, by its shape. A placeholder that a team has put there itself looks like one and is none. */
export function vendorOfSecretIn(text: string): string | undefined {
  return Object.entries(APP_SIDES).find(([, side]) => withoutSecretsOf(text, side) !== text)?.[0]
}

function withoutSecretsOf(text: string, { secretShape, placeholder }: AppSide): string {
  return secretShape === null ? text : text.replace(secretShape, placeholder)
}

import type { AppSide } from '../app-side.ts'
import { baseUrlEnvOf } from '../content/base-url-env.ts'
import { openaiApp } from './app.ts'

/** OpenAI at Azure. Its variables are those of `AzureOpenAI` in openai-node 6 and openai-python 2, read 2026-11-27. */
export const azureApp: AppSide = {
  ...openaiApp,
  addressEnvs: (name) => ({ [baseUrlEnvOf(name)]: '/openai/v1', AZURE_OPENAI_ENDPOINT: '' }),
  secretEnvs: [...openaiApp.secretEnvs, 'AZURE_OPENAI_API_KEY'],
  // Its keys are letters and digits, as many other things are.
  secretShape: null,
}

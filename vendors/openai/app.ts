import type { AppSide } from '../app-side.ts'
import { baseUrlEnvOf } from '../content/base-url-env.ts'

export const openaiApp: AppSide = {
  /**
   * `OPENAI_BASE_URL` for the vendor named `openai`; one that speaks its protocol gets a variable of its own name. The
   * SDKs take an address that holds the version.
   */
  addressEnvs: (name) => ({ [baseUrlEnvOf(name)]: '/v1' }),
  secretEnvs: ['OPENAI_API_KEY'],
  /** Keys of projects, of service accounts and of users. */
  secretShape: /\bsk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{40,})/g,
  placeholder: 'sk-proj-jobcapHoldsTheRealSecret',
}

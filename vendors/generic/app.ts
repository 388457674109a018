import type { AppSide } from '../app-side.ts'
import { baseUrlEnvOf } from '../content/base-url-env.ts'

export const genericApp: AppSide = {
  addressEnvs: (name) => ({ [baseUrlEnvOf(name)]: '' }),
  secretEnvs: [],
  secretShape: null,
  placeholder: 'jobcap-holds-the-real-secret',
}

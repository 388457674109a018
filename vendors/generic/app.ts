import type { AppSide } from '../app-side.ts'

export const genericApp: AppSide = {
  baseUrlEnvs: (name) => [`${name.toUpperCase().replaceAll('-', '_')}_BASE_URL`],
  secretEnvs: [],
  secretShape: null,
  placeholder: 'jobcap-holds-the-real-secret',
}

import type { AppSide } from '../app-side.ts'

export const resendApp: AppSide = {
  /** resend-node reads the first, resend-python the second. */
  addressEnvs: () => ({ RESEND_BASE_URL: '', RESEND_API_URL: '' }),
  secretEnvs: ['RESEND_API_KEY', 'RESEND_KEY', 'RESEND_TOKEN'],
  secretShape: /\bre_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{16,}/g,
  placeholder: 're_jobcap00_HoldsTheRealSecret000000',
}

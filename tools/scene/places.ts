import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')
export const JOBCAP = join(ROOT, 'bin/jobcap')
/** Node, and a Python that has requests. */
export const TOOLS = join(ROOT, '.tools/bin')
export const FAKE_STRIPE = join(ROOT, 'fake-vendors/stripe/main.ts')

// Stands in for the Pod's hosts file, where admission writes `127.0.0.1 stripe.localhost …`: loaded before the program,
// so that neither program nor SDK is touched.
import { createRequire } from 'node:module'

const dns = createRequire(import.meta.url)('node:dns')
const { lookup } = dns

dns.lookup = (name, ...rest) => lookup(/\.localhost\.?$/i.test(name) ? '127.0.0.1' : name, ...rest)

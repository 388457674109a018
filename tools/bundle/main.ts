// `make bundle`: what ships, into dist/. The sidecar and the issuer are one self-contained CommonJS file each; the
// command and the ledger are one file each whose npm packages are installed beside them.
import { cpSync, existsSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { PACKAGE_BUNDLES, packageOptions, SIDECAR_BUNDLES, sidecarOptions } from './bundles.ts'

/** Files beside the sources that are read while running; package.json for the version. */
const ASSETS = ['package.json', '{cli,ledger,local,store,policy,webhook}/**/*.{sh,sql,json,html,css}']

const isThere = (source: string) => existsSync(source) || existsSync(source.split('/')[0] ?? source)

rmSync('dist', { recursive: true, force: true })
for (const bundle of SIDECAR_BUNDLES.filter(({ source }) => isThere(source))) await build(sidecarOptions(bundle))
for (const bundle of PACKAGE_BUNDLES.filter(({ source }) => isThere(source))) await build(packageOptions(bundle))
for (const asset of globSync(ASSETS)) cpSync(asset, join('dist', asset))

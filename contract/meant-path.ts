const VERSION = /^\/v1(?=\/)/

/**
 * What a path may have been meant as: base URLs are written with and without the version, and with a slash at the end, and
 * clients add theirs. For advice alone; nothing is sent anywhere but to the path that was asked for.
 */
export function meantPath(path: string, isKnown: (path: string) => boolean): string | undefined {
  const bare = path.replace(/(?<=[^/])\/$/, '')
  const once = bare.replace(/^(?:\/v1)+(?=\/v1\/)/, '')
  const candidates = [bare, once, `/v1${bare}`, once.replace(VERSION, '')]
  return candidates.find((candidate) => candidate !== path && candidate !== '' && isKnown(candidate))
}

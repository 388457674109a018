/** `1 call`, `2 calls`: for sentences that people read. */
export function counted(thingCount: number, noun: string): string {
  return `${thingCount} ${noun}${thingCount === 1 ? '' : 's'}`
}

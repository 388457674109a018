/**
 * Why: a merge after a loss can put an account above its limit. It then keeps that limit, and nothing counted in it goes
 * out until it is back under.
 */
export const FROZEN = `
ALTER TABLE accounts ADD COLUMN frozen_usd_micros INTEGER;
`

// Generated from @pydantic/genai-prices 0.1.8 of 2026-09-23 by `make fix`; `readPriceTable` says what the columns are.

export const PRICES_DATE = '2026-09-23'

export const PRICE_TABLE = `
claude-2~ | 8000000 24000000 8000000 8000000 8000000 | 200000 | -
claude-3-5-haiku~ claude-3.5-haiku~ | 800000 4000000 80000 1000000 1600000 | 200000 | -
claude-3-5-sonnet~ claude-3.5-sonnet~ | 3000000 15000000 300000 3750000 6000000 | 200000 | -
claude-3-7-sonnet~ claude-3.7-sonnet~ claude-sonnet-3.7~ claude-sonnet-3-7~ | 3000000 15000000 300000 3750000 6000000 | 200000 | -
claude-3-haiku~ | 250000 1250000 30000 300000 500000 | 200000 | -
claude-3-opus~ | 15000000 75000000 1500000 18750000 30000000 | 200000 | -
claude-3-sonnet~ | 3000000 15000000 300000 3750000 6000000 | 200000 | -
claude-fable-5~ | 10000000 50000000 1000000 12500000 20000000 | 1000000 | -
claude-fable-5-1~ | 10000000 50000000 250000 12500000 20000000 | 1000000 | -
claude-haiku-4-5~ claude-haiku-4.5~ claude-4-5-haiku~ claude-4.5-haiku~ | 1000000 5000000 100000 1250000 2000000 | 200000 | -
claude-opus-4-0~ claude-4-opus~ claude-opus-4~ claude-opus-4-20250514 | 15000000 75000000 1500000 18750000 30000000 | 200000 | -
claude-opus-4-1~ claude-opus-4.1~ | 15000000 75000000 1500000 18750000 30000000 | 200000 | -
claude-opus-4-5~ claude-opus-4.5~ claude-4-5-opus~ claude-4.5-opus~ | 5000000 25000000 500000 6250000 10000000 | 200000 | -
claude-opus-4-6~ claude-opus-4.6~ claude-4-6-opus~ claude-4.6-opus~ | 5000000 25000000 500000 6250000 10000000 | 1000000 | -
claude-opus-4-7~ claude-opus-4.7~ claude-4-7-opus~ claude-4.7-opus~ | 5000000 25000000 500000 6250000 10000000 | 1000000 | -
claude-opus-4-8~ claude-opus-4.8~ claude-4-8-opus~ claude-4.8-opus~ | 5000000 25000000 500000 6250000 10000000 | 1000000 | -
claude-opus-5~ claude-opus-5.0~ claude-5-opus~ claude-5.0-opus~ | 5000000 25000000 500000 6250000 10000000 | 1000000 | -
claude-opus-5-5~ claude-opus-5.5~ claude-5-5-opus~ claude-5.5-opus~ | 4000000 20000000 200000 5000000 8000000 | 1000000 | -
claude-sonnet-4-0~ claude-sonnet-4~ claude-4-sonnet~ | 3000000 15000000 300000 3750000 6000000 | 200000 | -
claude-sonnet-4-5~ claude-sonnet-4.5~ | 3000000 15000000 300000 3750000 6000000 | 200000 | 200000 6000000 22500000 600000 7500000 12000000
claude-sonnet-4-6~ claude-sonnet-4.6~ | 3000000 15000000 300000 3750000 6000000 | 1000000 | -
claude-sonnet-5~ claude-sonnet-5.0~ claude-5-sonnet~ claude-5.0-sonnet~ | 2000000 10000000 200000 2500000 4000000 | 1000000 | -
`

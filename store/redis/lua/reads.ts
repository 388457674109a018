/** Answers nothing; `status` is text of a number, or null. */
export const CLOSING_READS = `
local function closeRead(c, status)
  if c.state ~= 'reserved' then return end
  call('ZREM', open, c.id)
  appendOf(c, 'read.answered', ',"status":' .. status)
  addMoney(c, 0, 0, -1)
  c.state, c.leaseMs, c.status = 'settled', 0, status == 'null' and '-' or status
  writeCall(c)
  closeIfDone()
end
`

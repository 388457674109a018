// Names every import that the table of rooms (rooms.ts) does not allow; fails when there is one.
import { describeViolation, roomViolations } from './cruise.ts'

const violations = await roomViolations(process.cwd())
for (const violation of violations) console.log(describeViolation(violation))
process.exitCode = violations.length === 0 ? 0 : 1

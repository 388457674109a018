import { describeMatrix } from './matrix.ts'
import { sqliteEngine } from './sqlite-engine.ts'

describeMatrix(sqliteEngine)

import { describeStore } from './conformance.ts'
import { inMemory } from './stage.ts'

describeStore('SQLite', inMemory)

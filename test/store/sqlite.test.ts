import { describeMerging, describeStore } from './conformance.ts'
import { inMemory } from './stage.ts'

describeStore('SQLite', inMemory)
describeMerging('SQLite', inMemory)

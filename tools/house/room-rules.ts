import type { IFlattenedRuleSet, IRegularForbiddenRuleType as Rule } from 'dependency-cruiser'
import {
  AROUND_THE_HOUSE,
  IDENTITY_FILES,
  NOT_FOR_IDENTITY,
  PACKAGE_DOORS,
  PURE_NODE_MODULES,
  PURE_PARTS,
  ROOMS,
} from './rooms.ts'

const anyOf = (names: readonly string[]) => `^(${names.join('|')})/`
const ROOM_FILES = anyOf(Object.keys(ROOMS))
const AROUND_FILES = anyOf(AROUND_THE_HOUSE)

function forbid(name: string, comment: string, rule: Pick<Rule, 'from' | 'to'>): Rule {
  return { name, comment, severity: 'error', ...rule }
}

function roomRules(): Rule[] {
  return Object.entries(ROOMS).map(([name, room]) =>
    forbid(`room-${name}`, `${name}/ may import only what its row of the table allows`, {
      from: { path: `^${name}/` },
      to: { path: [ROOM_FILES, AROUND_FILES], pathNot: [`^${name}/`, ...room.mayImport.map((path) => path.source)] },
    }),
  )
}

function doorRules(): Rule[] {
  return Object.entries(PACKAGE_DOORS).map(([name, door]) =>
    forbid(`door-${name}`, `${name} comes in by one door`, {
      from: { path: ROOM_FILES, pathNot: door.source },
      to: { path: `(^|/)node_modules/(@types/)?${name}/` },
    }),
  )
}

function purityRules(): Rule[] {
  const pureRooms = Object.keys(ROOMS).filter((name) => ROOMS[name]?.isPure)
  return [
    forbid('pure', 'does no input or output: takes what it needs as arguments', {
      from: { path: [anyOf(pureRooms), ...PURE_PARTS.map((path) => path.source)] },
      to: { dependencyTypes: ['core'], pathNot: `^(node:)?(${PURE_NODE_MODULES.join('|')})$` },
    }),
    forbid('identity-knows-no-prices', 'the sidecar carries no price list', {
      from: { path: IDENTITY_FILES.source },
      to: { path: NOT_FOR_IDENTITY.source },
    }),
  ]
}

/** The rules for dependency-cruiser that follow from the table of rooms. */
export const roomRuleSet: IFlattenedRuleSet = {
  forbidden: [
    ...roomRules(),
    ...doorRules(),
    ...purityRules(),
    forbid('no-cycle', 'no cycles, even of types', { from: {}, to: { circular: true } }),
    forbid('resolves', 'an import leads to a file or to a package that package.json names', {
      from: { path: [ROOM_FILES, AROUND_FILES] },
      to: { couldNotResolve: true },
    }),
    forbid('ships', 'what ships imports only what ships', {
      from: { path: ROOM_FILES },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '(^|/)node_modules/@types/' },
    }),
  ],
}

import type { PlantedText } from './mutant.ts'

const focus = 'restarts'

/** Bugs in what is done where containers, or whole Pods, are started again in place. */
export const PLANTED_IN_RESTARTS: readonly PlantedText[] = [
  {
    name: 'forget that a Job keeps restarts',
    focus,
    file: 'ledger/identity/exchange.ts',
    from: 'needsNamedKeys: terms.keepsRestarts,',
    to: 'needsNamedKeys: false,',
  },
  {
    name: "take an SDK's own key for a name where restarts are kept",
    focus,
    file: 'ledger/call/recognise.ts',
    from: "if (who.needsNamedKeys && identity.kind !== 'read' && identity.key?.kind !== 'named') {",
    to: "if (who.needsNamedKeys && identity.kind !== 'read' && identity.key === null) {",
    also: [
      {
        file: 'store/rules/admit-new.ts',
        from: "if (run === undefined || amount === 0 || request.identity.key?.kind === 'named') return undefined",
        to: 'if (run === undefined || amount === 0 || request.identity.key !== null) return undefined',
      },
    ],
  },
  {
    name: 'know a Pod again that is started again with its node',
    focus,
    file: 'store/rules/admit-pod.ts',
    from: '  if (!isNewWalk || isKnown(tables, row, walk)) return row.life\n',
    to: "  if (!isNewWalk || purpose === 'issue' || isKnown(tables, row, walk)) return row.life\n",
  },
]

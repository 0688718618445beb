import { DELIVERY_STATES, ROOT_TENANT, showId } from '#domain';
import type { Command } from 'commander';
import { commonOptions, withHouse, type Context } from '../context.ts';
import { EXIT } from '../failure.ts';
import { printJson } from '../listing.ts';
import { table } from '../table.ts';

export function registerLedger(program: Command, context: Context): void {
  program
    .command('ledger')
    .description('is every accepted recipient in exactly one state; exit code 1 on any difference')
    .action((_, command: Command) =>
      withHouse(context, async ({ trace }) => {
        const { terminal } = context;
        const ledger = await trace.ledger(ROOT_TENANT);
        const faults = ledger.faults.map(({ tenantId, messageId, ...rest }) => ({
          id: showId('msg', messageId),
          tenant: showId('ten', tenantId),
          ...rest,
        }));
        if (!ledger.balanced) context.exitCode = EXIT.difference;
        if (commonOptions(command).json) return printJson(terminal, { ...ledger, faults });
        const states = DELIVERY_STATES.map((state) => [state, ledger.states[state], ledger.expandedStates[state]]);
        for (const line of table(['STATE', 'RECIPIENTS', 'EXPANDED'], states)) terminal.out(line);
        const sum = DELIVERY_STATES.reduce((total, state) => total + ledger.states[state], 0);
        terminal.out('');
        terminal.out(
          `${ledger.accepted} recipient(s) accepted in ${ledger.messages} message(s), ${sum} in a state: ${ledger.balanced ? 'balanced' : 'NOT BALANCED'}`,
        );
        if (faults.length === 0) return undefined;
        const rows = faults.map((fault) => [
          fault.id,
          fault.tenantGone ? `${fault.tenant} (gone)` : fault.tenant,
          fault.accepted,
          fault.envelopeRows,
          fault.expectedRows,
          fault.rows,
        ]);
        for (const line of table(['MESSAGE', 'TENANT', 'ACCEPTED', 'FOUND', 'ROWS EXPECTED', 'ROWS FOUND'], rows))
          terminal.out(line);
        if (ledger.faultyMessages > faults.length) terminal.out(`and ${ledger.faultyMessages - faults.length} more`);
        return undefined;
      }),
    );
}

/** What every statement of every connection to a database touches, told by the server itself: auto_explain, nested statements of functions included. */
import pg from 'pg';

/** Both grow with a table that is read, in any order and by any index. */
export interface Cost {
  /** Shared buffers hit or read. */
  readonly blocks: number;
  /** That came out of any node of the plan, or that one looked at and dropped. */
  readonly rows: number;
}

export interface Explained extends Cost {
  readonly text: string;
  /** Of the executor, counting included. */
  readonly milliseconds: number;
}

interface PlanNode {
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Every session of the database from now on, whatever its role. */
const EXPLAIN_ALL = [
  `session_preload_libraries = 'auto_explain'`,
  'auto_explain.log_min_duration = 0',
  'auto_explain.log_analyze = on',
  'auto_explain.log_buffers = on',
  'auto_explain.log_timing = off',
  'auto_explain.log_nested_statements = on',
  'auto_explain.log_format = json',
  'auto_explain.log_level = notice',
];

type Named = pg.Client & { readonly connectionParameters: { readonly application_name?: string } };

export class PlanWatch {
  readonly #emit = pg.Client.prototype.emit;
  #explained: Explained[] = [];

  /**
   * The server's plans are notices to the client that asked; the stores hand no client out, so all are overheard.
   * @param application begins the names of those that count
   */
  constructor(application: string) {
    const emit = this.#emit;
    const hear = (notice: unknown): void => this.#hear(notice);
    pg.Client.prototype.emit = function (this: Named, event: string | symbol, ...values: unknown[]): boolean {
      if (event === 'notice' && this.connectionParameters.application_name?.startsWith(application)) hear(values[0]);
      return emit.call(this, event, ...values);
    };
  }

  stop(): void {
    pg.Client.prototype.emit = this.#emit;
  }

  /** For sessions that begin after it. Rejects where the server has no auto_explain, or we are no superuser. */
  static async turnOn(owner: pg.Pool): Promise<void> {
    const { rows } = await owner.query<{ name: string }>('select current_database() as name');
    for (const setting of EXPLAIN_ALL) await owner.query(`alter database ${rows[0]?.name} set ${setting}`);
  }

  /** Plans of what `work` asked for. Its transactions must have ended when it resolves. */
  async during(work: () => Promise<unknown>): Promise<Explained[]> {
    this.#explained = [];
    await work();
    const explained = this.#explained;
    this.#explained = [];
    return explained;
  }

  #hear(notice: unknown): void {
    const { message } = notice as { message?: string };
    const start = message?.indexOf('plan:\n') ?? -1;
    if (message === undefined || start < 0) return;
    const { 'Query Text': text, Plan: plan } = JSON.parse(message.slice(start + 6)) as {
      'Query Text': string;
      Plan: PlanNode;
    };
    const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    const milliseconds = Number(/^duration: ([\d.]+) ms/.exec(message)?.[1]);
    this.#explained.push({ text, milliseconds, blocks, rows: rowsOf(plan) });
  }
}

function rowsOf(node: PlanNode): number {
  const out =
    (node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0);
  const below = (node.Plans ?? []).reduce((sum, plan) => sum + rowsOf(plan), 0);
  return Math.round(out * (node['Actual Loops'] ?? 0)) + below;
}

export const sumOf = (costs: readonly Cost[]): Cost => ({
  blocks: costs.reduce((sum, { blocks }) => sum + blocks, 0),
  rows: costs.reduce((sum, { rows }) => sum + rows, 0),
});

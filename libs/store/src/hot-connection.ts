/** One pipelined connection for the few hot statements: named, prepared, autocommit, binary where it pays. */
import pg from 'pg';

export interface HotStatement {
  /** Prepared once per connection under this name. */
  readonly name: string;
  readonly text: string;
}

/** Whatever a statement that only reads can be asked of. */
export interface Reader {
  query<Row extends pg.QueryResultRow>(statement: HotStatement, values: unknown[]): Promise<Row[]>;
}

/**
 * Statements sent while others are under way share the connection without waiting for each other's answer. So it runs single
 * autocommit statements only: no BEGIN, cursor, COPY or LISTEN. Connects at first use and again after a loss; a statement
 * that was under way when the connection went is rejected, because nobody can tell whether it committed.
 */
export class HotConnection implements Reader {
  #client: Promise<pg.Client> | undefined;
  #closed = false;
  readonly #config: pg.ClientConfig;

  constructor(config: pg.ClientConfig) {
    this.#config = { ...config, pipeline: true };
  }

  async query<Row extends pg.QueryResultRow>(statement: HotStatement, values: unknown[]): Promise<Row[]> {
    if (this.#closed) throw new Error(`hot connection of ${this.#config.application_name ?? 'posthouse'} is closed`);
    const client = await (this.#client ??= this.#connect());
    const { rows } = await client.query<Row>({ name: statement.name, text: statement.text, values });
    return rows;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => undefined);
    await client?.end().catch(() => undefined);
  }

  #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config);
    const lost = (): void => {
      if (this.#client === connecting) this.#client = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    const connecting = client.connect().then(
      () => client,
      (error: unknown) => {
        lost();
        throw error;
      },
    );
    return connecting;
  }
}

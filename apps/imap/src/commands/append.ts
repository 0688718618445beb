/**
 * APPEND: RFC 3501 6.3.11, RFC 7888, RFC 4315 3. The message is stored as it comes, octet for octet, but that a bare LF becomes CRLF: it is
 * no line end of a message (RFC 5322 2.3), and POP3 clients that read lines by LF would take a lone dot between two of them for the end.
 */
import { parseFolderName, type Appended, type FolderName, type Refused } from '#domain';
import { digestOf, type AppendCommand } from '#imap';
import { MessageScanner } from '#message';
import { CrlfEnds } from '#wire';
import { AppendBody } from '../append-body.ts';
import type { Client } from '../client.ts';
import { bad, IMPOSSIBLE_NAME, no, ok, OVER_QUOTA, TOO_MANY_KEYWORDS, TRY_CREATE, type Reply } from '../reply.ts';

const TOO_BIG = no('TOOBIG', 'the message is too large');
/** RFC 3501 9 (CHAR8): no literal holds NUL. */
const HOLDS_NUL = no('CANNOT', 'the message holds NUL octets');
const NOTHING_BEHIND = bad('expected end of command behind the message');
const NUL = 0;

const REFUSED: Readonly<Record<Refused, Reply>> = {
  'no-such-folder': TRY_CREATE,
  'over-quota': OVER_QUOTA,
  'too-many-keywords': TOO_MANY_KEYWORDS,
};

/** Judged before the message comes: what is refused need not be sent. */
export async function beginAppend(client: Client, command: AppendCommand): Promise<Append | Reply> {
  const { folder, size } = command;
  if (size > client.parts.maxMessageOctets) return TOO_BIG;
  const target = parseFolderName(folder);
  if (!target) return IMPOSSIBLE_NAME;
  const refused = await client.store.mayAppend(client.account, target, size);
  return refused ? REFUSED[refused] : new Append(client, command, target);
}

/** One message that is coming. */
export class Append {
  readonly #client: Client;
  readonly #command: AppendCommand;
  readonly #target: FolderName;
  readonly #ends = new CrlfEnds();
  readonly #scanner = new MessageScanner();
  #octets = 0;
  readonly #body: AppendBody;
  /** Why it will not be stored; the rest is read and thrown away. */
  #refusal: Reply | undefined;

  constructor(client: Client, command: AppendCommand, target: FolderName) {
    this.#client = client;
    this.#command = command;
    this.#target = target;
    const { store, account, parts, connection } = client;
    this.#body = new AppendBody(store, parts.bodies, account, connection.remoteAddress, command.size);
  }

  /** Resolves when more may come; undefined when it may come at once. Rejects on faults of ours: then `fail`. */
  write(octets: Buffer): Promise<void> | undefined {
    if (this.#refusal) return undefined;
    if (octets.includes(NUL)) {
      this.#refusal = HOLDS_NUL;
      return undefined;
    }
    const mended = this.#ends.push(octets);
    this.#octets += mended.length;
    if (this.#octets > this.#client.parts.maxMessageOctets) {
      this.#refusal = TOO_BIG;
      return undefined;
    }
    this.#scanner.write(mended);
    return this.#body.write(mended);
  }

  /** Reads on to the end and gives this reply. */
  fail(reply: Reply): void {
    this.#refusal ??= reply;
  }

  /** @param rest what the client wrote behind the message */
  async end(rest: Buffer): Promise<Reply> {
    const refusal = this.#refusal ?? (rest.length > 0 ? NOTHING_BEHIND : undefined);
    if (refusal) {
      await this.#body.abandon();
      return refusal;
    }
    try {
      return this.#replyTo(await this.#commit());
    } catch (error) {
      await this.#body.abandon();
      throw error;
    }
  }

  /** The client went away in the middle. */
  abandon(): Promise<void> {
    return this.#body.abandon();
  }

  #commit(): Promise<Appended> {
    const { flags, date } = this.#command;
    return this.#body.commit(this.#target, {
      digest: digestOf(this.#scanner.end()),
      flags: flags.system,
      keywords: flags.keywords,
      internalDate: date === undefined ? undefined : new Date(date),
      remoteAddress: this.#client.connection.remoteAddress,
    });
  }

  #replyTo(appended: Appended): Reply {
    if (appended.kind !== 'appended') return REFUSED[appended.kind];
    const { uidValidity, uid } = appended;
    this.#client.ring();
    // RFC 3501 6.3.11: where the folder is selected the client is told at once.
    if (this.#client.folder) this.#client.folder.stale = true;
    return ok('appended', { code: 'APPENDUID', uidValidity, uids: [uid] });
  }
}

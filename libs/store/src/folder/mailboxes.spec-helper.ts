/** Mailboxes with mail in them, made straight in the tables, for the specs of the stores. */
import { randomUUID } from 'node:crypto';
import {
  DEFAULT_TENANT,
  type Account,
  type FolderId,
  type FolderRef,
  type MailboxId,
  type MessageDigest,
  type MessageId,
} from '#domain';
import type pg from 'pg';
import { newId } from '../new-id.ts';
import { defaultFolders } from './default-folders.ts';

export interface MailboxOptions {
  readonly quotaOctets?: number;
  readonly quotaMessages?: number;
}

/** A domain, a mailbox with an address and the default folders. */
export async function makeMailbox(owner: pg.Pool, { quotaOctets, quotaMessages }: MailboxOptions = {}) {
  const domainId = randomUUID();
  const account: Account = { tenantId: DEFAULT_TENANT, mailboxId: newId() as MailboxId };
  const domain = `d${domainId.slice(0, 8)}.test`;
  await owner.query('insert into domain (id, tenant_id, name) values ($1, $2, $3)', [domainId, DEFAULT_TENANT, domain]);
  await owner.query(
    'insert into mailbox (tenant_id, id, domain_id, name, quota_octets, quota_messages) values ($1, $2, $3, $4, $5, $6)',
    [DEFAULT_TENANT, account.mailboxId, domainId, `a@${domain}`, quotaOctets ?? null, quotaMessages ?? null],
  );
  await owner.query(`insert into address (tenant_id, domain_id, kind, local) values ($1, $2, 'address', 'a')`, [
    DEFAULT_TENANT,
    domainId,
  ]);
  await owner.query(
    `insert into address_target (tenant_id, domain_id, kind, local, position, mailbox_id) values ($1, $2, 'address', 'a', 0, $3)`,
    [DEFAULT_TENANT, domainId, account.mailboxId],
  );
  const { usage, folders, subscriptions } = defaultFolders(account);
  await owner.query('insert into mailbox_usage (tenant_id, mailbox_id) values ($1, $2)', [
    usage.tenant_id,
    usage.mailbox_id,
  ]);
  for (const folder of folders) {
    await owner.query('insert into folder (tenant_id, mailbox_id, id, name, special_use) values ($1, $2, $3, $4, $5)', [
      folder.tenant_id,
      folder.mailbox_id,
      folder.id,
      folder.name,
      folder.special_use,
    ]);
  }
  for (const { tenant_id, mailbox_id, name } of subscriptions) {
    await owner.query('insert into subscription values ($1, $2, $3)', [tenant_id, mailbox_id, name]);
  }
  const inbox: FolderRef = { ...account, folderId: folders[0]?.id ?? ('' as FolderId) };
  return { account, inbox, domain, domainId };
}

export interface FillOptions {
  readonly flags?: number;
  readonly body?: Buffer;
  readonly trace?: Buffer;
  readonly uidl?: string;
}

/** Delivers a message as the worker would, and copies of it up to `count`: UIDs, MODSEQ and counters in one transaction. */
export async function fill(
  owner: pg.Pool,
  folder: FolderRef,
  count: number,
  options: FillOptions = {},
): Promise<MessageId> {
  const {
    flags = 0,
    body = Buffer.from('Subject: x\r\n\r\nbody\r\n'),
    trace = Buffer.from('Return-Path: <>\r\n'),
    uidl,
  } = options;
  const { tenantId, mailboxId, folderId } = folder;
  const id = newId() as MessageId;
  const client = await owner.connect();
  try {
    await client.query('begin');
    await client.query('select from folder where tenant_id = $1 and id = $2 for update', [tenantId, folderId]);
    await client.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients,
                            deliveries, envelope, body_structure, mime_index, body)
       values ($1, $2, 'accepted', 'smtp', '', '', '', $3, $4, 0, 0, '(ENVELOPE)', '(BODYSTRUCTURE)', '{}', $5)`,
      [tenantId, id, body.length, body.indexOf('\r\n\r\n') + 4, body],
    );
    await client.query(
      `insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, flags, octets, trace, uidl, copy_number)
       select $1, f.id, f.uidnext + n - 1, $2, $3, f.highestmodseq + 1, $4, $5, $6, $7, nullif(n - 1, 0)
         from folder f, generate_series(1, $8::int) n where f.tenant_id = $1 and f.id = $9`,
      [tenantId, mailboxId, id, flags, body.length + trace.length, trace, uidl ?? null, count, folderId],
    );
    await client.query(
      `update folder set uidnext = uidnext + $3, highestmodseq = highestmodseq + 1, messages = messages + $3,
              unseen = unseen + $4, octets = octets + $5 where tenant_id = $1 and id = $2`,
      [tenantId, folderId, count, (flags & 1) === 0 ? count : 0, count * (body.length + trace.length)],
    );
    await client.query(
      'update mailbox_usage set octets = octets + $3, messages = messages + $4 where tenant_id = $1 and mailbox_id = $2',
      [tenantId, mailboxId, count * (body.length + trace.length), count],
    );
    await client.query('commit');
    return id;
  } finally {
    client.release();
  }
}

/** Folder and usage counters next to what the rows say: both sides must be equal, always. */
export async function counters(
  owner: pg.Pool,
  { tenantId, mailboxId }: Account,
): Promise<{ kept: unknown; counted: unknown }> {
  const kept = await owner.query(
    `select f.name, f.messages, f.unseen, f.octets from folder f where f.tenant_id = $1 and f.mailbox_id = $2
     union all select '(usage)', messages, null, octets from mailbox_usage where tenant_id = $1 and mailbox_id = $2 order by 1`,
    [tenantId, mailboxId],
  );
  const counted = await owner.query(
    `select f.name, count(m.uid) as messages, count(m.uid) filter (where m.flags & 1 = 0) as unseen,
            coalesce(sum(m.octets), 0)::bigint as octets
       from folder f left join folder_message m on m.tenant_id = f.tenant_id and m.folder_id = f.id
      where f.tenant_id = $1 and f.mailbox_id = $2 group by f.name
     union all select '(usage)', count(*), null, coalesce(sum(octets), 0)::bigint from folder_message
      where tenant_id = $1 and mailbox_id = $2 order by 1`,
    [tenantId, mailboxId],
  );
  return { kept: kept.rows, counted: counted.rows };
}

export const digestOf = (body: Buffer): MessageDigest => ({
  octets: body.length,
  headerOctets: body.indexOf('\r\n\r\n') + 4,
  headerMessageId: undefined,
  envelope: '(ENVELOPE)',
  bodyStructure: '(BODYSTRUCTURE)',
  mimeIndex: '{}',
});

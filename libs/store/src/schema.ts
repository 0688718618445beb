/** Mirrors the migrated schema, one interface per table; a test compares the two. */
import type { DomainId, FolderId, MailboxId, MessageId, TenantId, DeliveryState, MailboxState, RowKind } from '#domain';
import type { ColumnType, Generated } from 'kysely';

type Stamp = ColumnType<Date, Date | string | undefined, Date | string>;

export interface TenantTable {
  id: TenantId;
  parent_id: string | null;
  path: string[];
  name: string;
  state: Generated<'active' | 'suspended'>;
  created_at: Stamp;
  removed_at: Date | null;
  removed_name: string | null;
}

export interface DomainTable {
  id: DomainId;
  tenant_id: TenantId;
  name: string;
  state: Generated<'active' | 'disabled'>;
  separators: Generated<string>;
  created_at: Stamp;
  removed_at: Date | null;
  removed_name: string | null;
}

export interface MailboxTable {
  tenant_id: TenantId;
  id: MailboxId;
  domain_id: DomainId;
  name: string;
  state: Generated<MailboxState>;
  quota_octets: number | null;
  quota_messages: number | null;
  created_at: Stamp;
}

export interface MailboxUsageTable {
  tenant_id: TenantId;
  mailbox_id: MailboxId;
  octets: Generated<number>;
  messages: Generated<number>;
}

export interface CredentialTable {
  tenant_id: TenantId;
  mailbox_id: MailboxId;
  hash: string;
  changed_at: Stamp;
}

export interface AddressTable {
  tenant_id: TenantId;
  domain_id: DomainId;
  kind: RowKind;
  local: string;
  created_at: Stamp;
}

export interface AddressTargetTable {
  tenant_id: TenantId;
  domain_id: DomainId;
  local: string;
  kind: RowKind;
  position: number;
  mailbox_id: MailboxId | null;
  forward_path: string | null;
}

export interface MessageTable {
  tenant_id: TenantId;
  id: MessageId;
  state: 'pending' | 'accepted' | 'reclaimed';
  origin: 'smtp' | 'append';
  reverse_path: string;
  helo: string;
  remote_address: string;
  body_type: Generated<string>;
  smtputf8: Generated<boolean>;
  dsn_ret: string | null;
  dsn_envid: string | null;
  octets: number;
  header_octets: number;
  recipients: number;
  deliveries: number;
  header_message_id: string | null;
  envelope: string;
  body_structure: string;
  mime_index: string;
  body: Buffer | null;
  received_at: Stamp;
}

export interface MessageChunkTable {
  tenant_id: TenantId;
  message_id: MessageId;
  number: number;
  octets: Buffer;
  stored_at: Generated<Date>;
}

export interface DeliveryTable {
  tenant_id: TenantId;
  message_id: MessageId;
  ordinal: number;
  parent: number | null;
  depth: Generated<number>;
  domain_id: DomainId | null;
  mailbox_id: MailboxId | null;
  recipient: string;
  lane: string;
  state: DeliveryState;
  came_from: DeliveryState | null;
  attempt: Generated<number>;
  queued_at: Stamp;
  next_attempt_at: Stamp;
  lease_owner: string | null;
  lease_until: Date | null;
  fence: Generated<number>;
  duplicate: Generated<boolean>;
  reply: string | null;
  dsn_notify: string | null;
  dsn_orcpt: string | null;
  settled_at: Date | null;
  deferred: Generated<boolean>;
  waits_for: string | null;
}

export interface EventTable {
  tenant_id: TenantId;
  message_id: MessageId;
  id: ColumnType<number, never, never>;
  at: Stamp;
  kind: string;
  ordinal: number | null;
  detail: string | null;
}

export interface FolderTable {
  tenant_id: TenantId;
  id: FolderId;
  mailbox_id: MailboxId;
  name: string;
  special_use: string | null;
  uidvalidity: Generated<number>;
  uidnext: Generated<number>;
  highestmodseq: Generated<number>;
  messages: Generated<number>;
  unseen: Generated<number>;
  octets: Generated<number>;
  recent_from: Generated<number>;
  created_at: Stamp;
  keywords: Generated<string[]>;
}

export interface SubscriptionTable {
  tenant_id: TenantId;
  mailbox_id: MailboxId;
  name: string;
}

export interface FolderMessageTable {
  tenant_id: TenantId;
  folder_id: FolderId;
  uid: number;
  mailbox_id: MailboxId;
  message_id: MessageId;
  modseq: number;
  flags: Generated<number>;
  keywords: string[] | null;
  internal_date: Stamp;
  octets: number;
  trace: Buffer;
  uidl: string | null;
  lacks_final_crlf: Generated<boolean>;
  copy_number: number | null;
}

export interface TombstoneTable {
  tenant_id: TenantId;
  folder_id: FolderId;
  modseq: number;
  uid: number;
  message_id: MessageId;
  gone_at: Stamp;
}

export interface MaildropLockTable {
  tenant_id: TenantId;
  mailbox_id: MailboxId;
  session_id: string;
  lease_until: Date;
  incarnation: number | null;
  house: string | null;
  proved_on: Date | null;
}

export interface AuthFailureTable {
  key: string;
  failures: number;
  window_until: Date;
}

export interface KnownNetworkTable {
  tenant_id: TenantId;
  mailbox_id: MailboxId;
  network: string;
  seen_at: Stamp;
}

export interface RetentionWalkTable {
  single: Generated<boolean>;
  last_tenant: Generated<string>;
  last_message: Generated<string>;
  rest_until: Generated<Date>;
}

export interface RemovedMailboxTable {
  tenant_id: TenantId;
  id: MailboxId;
  domain: string;
  name: string;
  state: MailboxState;
  quota_octets: number | null;
  quota_messages: number | null;
  created_at: Date;
  removed_at: Stamp;
  purging: Generated<boolean>;
  swept_uid: Generated<number>;
}

export interface RemovedAddressTable {
  tenant_id: TenantId;
  mailbox_id: MailboxId;
  domain: string;
  local: string;
  kind: RowKind;
}

export interface Tables {
  tenant: TenantTable;
  domain: DomainTable;
  mailbox: MailboxTable;
  mailbox_usage: MailboxUsageTable;
  credential: CredentialTable;
  address: AddressTable;
  address_target: AddressTargetTable;
  message: MessageTable;
  message_chunk: MessageChunkTable;
  delivery: DeliveryTable;
  event: EventTable;
  folder: FolderTable;
  subscription: SubscriptionTable;
  folder_message: FolderMessageTable;
  tombstone: TombstoneTable;
  maildrop_lock: MaildropLockTable;
  auth_failure: AuthFailureTable;
  known_network: KnownNetworkTable;
  retention_walk: RetentionWalkTable;
  removed_mailbox: RemovedMailboxTable;
  removed_address: RemovedAddressTable;
}

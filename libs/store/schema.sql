-- Generated from the migrated schema by "npm run generated"; do not edit.

-- columns
address.tenant_id uuid not null
address.domain_id uuid not null
address.kind text not null
address.local text not null
address.created_at timestamp with time zone not null default now()
address_target.tenant_id uuid not null
address_target.domain_id uuid not null
address_target.local text not null
address_target.kind text not null
address_target.position integer not null
address_target.mailbox_id uuid
address_target.forward_path text
auth_failure.key text not null
auth_failure.failures integer not null
auth_failure.window_until timestamp with time zone not null
credential.tenant_id uuid not null
credential.mailbox_id uuid not null
credential.hash text not null
credential.changed_at timestamp with time zone not null default now()
delivery.tenant_id uuid not null
delivery.message_id uuid not null
delivery.ordinal integer not null
delivery.parent integer
delivery.depth integer not null default 0
delivery.domain_id uuid
delivery.mailbox_id uuid
delivery.recipient text not null
delivery.lane text not null
delivery.state text not null
delivery.came_from text
delivery.attempt integer not null default 0
delivery.queued_at timestamp with time zone not null default now()
delivery.next_attempt_at timestamp with time zone not null default now()
delivery.lease_owner uuid
delivery.lease_until timestamp with time zone
delivery.fence integer not null default 0
delivery.duplicate boolean not null default false
delivery.reply text
delivery.dsn_notify text
delivery.dsn_orcpt text
delivery.settled_at timestamp with time zone
delivery.deferred boolean not null default false
delivery.waits_for text
domain.id uuid not null
domain.tenant_id uuid not null
domain.name text not null
domain.state text not null default 'active'::text
domain.separators text not null default '+'::text
domain.created_at timestamp with time zone not null default now()
domain.removed_at timestamp with time zone
domain.removed_name text
event.tenant_id uuid not null
event.message_id uuid not null
event.id bigint not null
event.at timestamp with time zone not null default clock_timestamp()
event.kind text not null
event.ordinal integer
event.detail text
folder.tenant_id uuid not null
folder.id uuid not null
folder.mailbox_id uuid not null
folder.name text not null
folder.special_use text
folder.uidvalidity bigint not null default nextval('folder_uidvalidity'::regclass)
folder.uidnext bigint not null default 1
folder.highestmodseq bigint not null default 1
folder.messages bigint not null default 0
folder.unseen bigint not null default 0
folder.octets bigint not null default 0
folder.recent_from bigint not null default 1
folder.created_at timestamp with time zone not null default now()
folder.keywords text[] not null default '{}'::text[]
folder_message.tenant_id uuid not null
folder_message.folder_id uuid not null
folder_message.uid bigint not null
folder_message.mailbox_id uuid not null
folder_message.message_id uuid not null
folder_message.modseq bigint not null
folder_message.flags integer not null default 0
folder_message.keywords text[]
folder_message.internal_date timestamp with time zone not null default now()
folder_message.octets bigint not null
folder_message.trace bytea not null
folder_message.uidl text
folder_message.lacks_final_crlf boolean not null default false
folder_message.copy_number bigint
known_network.tenant_id uuid not null
known_network.mailbox_id uuid not null
known_network.network text not null
known_network.seen_at timestamp with time zone not null default now()
mailbox.tenant_id uuid not null
mailbox.id uuid not null
mailbox.domain_id uuid not null
mailbox.name text not null
mailbox.state text not null default 'active'::text
mailbox.quota_octets bigint
mailbox.quota_messages bigint
mailbox.created_at timestamp with time zone not null default now()
mailbox_usage.tenant_id uuid not null
mailbox_usage.mailbox_id uuid not null
mailbox_usage.octets bigint not null default 0
mailbox_usage.messages bigint not null default 0
maildrop_lock.tenant_id uuid not null
maildrop_lock.mailbox_id uuid not null
maildrop_lock.session_id uuid not null
maildrop_lock.lease_until timestamp with time zone not null
maildrop_lock.incarnation bigint
maildrop_lock.house uuid
maildrop_lock.proved_on timestamp with time zone
message.tenant_id uuid not null
message.id uuid not null
message.state text not null
message.origin text not null
message.reverse_path text not null
message.helo text not null
message.remote_address text not null
message.body_type text not null default '7BIT'::text
message.smtputf8 boolean not null default false
message.dsn_ret text
message.dsn_envid text
message.octets bigint not null
message.header_octets integer not null
message.recipients integer not null
message.deliveries integer not null
message.header_message_id text
message.envelope text not null
message.body_structure text not null
message.mime_index text not null
message.body bytea
message.received_at timestamp with time zone not null default now()
message_chunk.tenant_id uuid not null
message_chunk.message_id uuid not null
message_chunk.number integer not null
message_chunk.octets bytea not null
message_chunk.stored_at timestamp with time zone not null default now()
removed_address.tenant_id uuid not null
removed_address.mailbox_id uuid not null
removed_address.domain text not null
removed_address.local text not null
removed_address.kind text not null
removed_mailbox.tenant_id uuid not null
removed_mailbox.id uuid not null
removed_mailbox.domain text not null
removed_mailbox.name text not null
removed_mailbox.state text not null
removed_mailbox.quota_octets bigint
removed_mailbox.quota_messages bigint
removed_mailbox.created_at timestamp with time zone not null
removed_mailbox.removed_at timestamp with time zone not null default now()
removed_mailbox.purging boolean not null default false
removed_mailbox.swept_uid bigint not null default 0
retention_walk.single boolean not null default true
retention_walk.last_tenant uuid not null default '00000000-0000-0000-0000-000000000000'::uuid
retention_walk.last_message uuid not null default '00000000-0000-0000-0000-000000000000'::uuid
retention_walk.rest_until timestamp with time zone not null default '-infinity'::timestamp with time zone
subscription.tenant_id uuid not null
subscription.mailbox_id uuid not null
subscription.name text not null
tenant.id uuid not null
tenant.parent_id uuid
tenant.path uuid[] not null
tenant.name text not null
tenant.state text not null default 'active'::text
tenant.created_at timestamp with time zone not null default now()
tenant.removed_at timestamp with time zone
tenant.removed_name text
tombstone.tenant_id uuid not null
tombstone.folder_id uuid not null
tombstone.modseq bigint not null
tombstone.uid bigint not null
tombstone.message_id uuid not null
tombstone.gone_at timestamp with time zone not null default now()

-- constraints
address: address_check CHECK (((kind = 'catch-all'::text) = (local = ''::text)))
address: address_domain_of_tenant FOREIGN KEY (tenant_id, domain_id) REFERENCES domain(tenant_id, id)
address: address_kind_check CHECK ((kind = ANY (ARRAY['address'::text, 'alias'::text, 'prefix'::text, 'catch-all'::text])))
address: address_pkey PRIMARY KEY (tenant_id, domain_id, local, kind)
address_target: address_target_check CHECK (((mailbox_id IS NULL) <> (forward_path IS NULL)))
address_target: address_target_check1 CHECK (((kind <> 'address'::text) OR (mailbox_id IS NOT NULL)))
address_target: address_target_pkey PRIMARY KEY (tenant_id, domain_id, local, kind, "position")
address_target: address_target_tenant_id_domain_id_local_kind_fkey FOREIGN KEY (tenant_id, domain_id, local, kind) REFERENCES address(tenant_id, domain_id, local, kind) ON DELETE CASCADE
address_target: address_target_tenant_id_mailbox_id_fkey FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailbox(tenant_id, id) ON DELETE CASCADE
auth_failure: auth_failure_pkey PRIMARY KEY (key)
credential: credential_pkey PRIMARY KEY (tenant_id, mailbox_id)
delivery: delivery_lease CHECK (((state = 'leased'::text) = ((lease_owner IS NOT NULL) AND (lease_until IS NOT NULL))))
delivery: delivery_legal_move CHECK (
CASE
    WHEN (came_from IS NULL) THEN (state = ANY (ARRAY['queued'::text, 'held'::text]))
    WHEN (came_from = 'queued'::text) THEN (state = ANY (ARRAY['leased'::text, 'held'::text, 'discarded'::text]))
    WHEN (came_from = 'leased'::text) THEN (state = ANY (ARRAY['queued'::text, 'delivered'::text, 'forwarded'::text, 'held'::text, 'bounced'::text, 'discarded'::text]))
    WHEN (came_from = 'held'::text) THEN (state = ANY (ARRAY['queued'::text, 'bounced'::text, 'discarded'::text]))
    ELSE false
END)
delivery: delivery_pkey PRIMARY KEY (tenant_id, message_id, ordinal)
delivery: delivery_settled CHECK (((state = ANY (ARRAY['delivered'::text, 'forwarded'::text, 'bounced'::text, 'discarded'::text])) = (settled_at IS NOT NULL)))
delivery: delivery_waits_for_check CHECK ((waits_for = ANY (ARRAY['directory'::text, 'room'::text, 'postmaster'::text])))
domain: domain_name_check CHECK ((name = lower(name)))
domain: domain_name_key UNIQUE (name)
domain: domain_of_tenant UNIQUE (tenant_id, id)
domain: domain_pkey PRIMARY KEY (id)
domain: domain_separators_check CHECK ((separators ~ '^[-+=]*$'::text))
domain: domain_state_check CHECK ((state = ANY (ARRAY['active'::text, 'disabled'::text])))
domain: domain_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
event: event_pkey PRIMARY KEY (tenant_id, message_id, id)
folder: folder_messages_check CHECK ((messages >= 0))
folder: folder_octets_check CHECK ((octets >= 0))
folder: folder_pkey PRIMARY KEY (tenant_id, id)
folder: folder_special_use_check CHECK ((special_use = ANY (ARRAY['\Drafts'::text, '\Sent'::text, '\Trash'::text, '\Junk'::text, '\Archive'::text])))
folder: folder_tenant_id_mailbox_id_name_key UNIQUE (tenant_id, mailbox_id, name)
folder: folder_unseen_check CHECK ((unseen >= 0))
folder_message: folder_message_modseq_check CHECK ((modseq > 0))
folder_message: folder_message_pkey PRIMARY KEY (tenant_id, folder_id, uid)
known_network: known_network_pkey PRIMARY KEY (tenant_id, mailbox_id, network)
known_network: known_network_tenant_id_mailbox_id_fkey FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailbox(tenant_id, id) ON DELETE CASCADE
mailbox: mailbox_domain_of_tenant FOREIGN KEY (tenant_id, domain_id) REFERENCES domain(tenant_id, id)
mailbox: mailbox_pkey PRIMARY KEY (tenant_id, id)
mailbox: mailbox_quota_messages_check CHECK ((quota_messages >= 0))
mailbox: mailbox_quota_octets_check CHECK ((quota_octets >= 0))
mailbox: mailbox_state_check CHECK ((state = ANY (ARRAY['active'::text, 'no-login'::text, 'disabled'::text])))
mailbox: mailbox_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
mailbox_usage: mailbox_usage_messages_check CHECK ((messages >= 0))
mailbox_usage: mailbox_usage_octets_check CHECK ((octets >= 0))
mailbox_usage: mailbox_usage_pkey PRIMARY KEY (tenant_id, mailbox_id)
maildrop_lock: maildrop_lock_pkey PRIMARY KEY (tenant_id, mailbox_id)
message: message_origin_check CHECK ((origin = ANY (ARRAY['smtp'::text, 'append'::text])))
message: message_pkey PRIMARY KEY (tenant_id, id)
message: message_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'accepted'::text, 'reclaimed'::text])))
message_chunk: message_chunk_pkey PRIMARY KEY (tenant_id, message_id, number)
removed_address: removed_address_pkey PRIMARY KEY (tenant_id, mailbox_id, domain, local, kind)
removed_address: removed_address_tenant_id_mailbox_id_fkey FOREIGN KEY (tenant_id, mailbox_id) REFERENCES removed_mailbox(tenant_id, id) ON DELETE CASCADE
removed_mailbox: removed_mailbox_pkey PRIMARY KEY (tenant_id, id)
removed_mailbox: removed_mailbox_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
retention_walk: retention_walk_pkey PRIMARY KEY (single)
retention_walk: retention_walk_single_check CHECK (single)
subscription: subscription_pkey PRIMARY KEY (tenant_id, mailbox_id, name)
tenant: tenant_name_key UNIQUE (name)
tenant: tenant_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES tenant(id)
tenant: tenant_pkey PRIMARY KEY (id)
tenant: tenant_state_check CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text])))
tombstone: tombstone_pkey PRIMARY KEY (tenant_id, folder_id, modseq, uid)

-- indexes
CREATE INDEX address_alias ON public.address USING btree (tenant_id, domain_id, local, kind) WHERE (kind <> 'address'::text)
CREATE UNIQUE INDEX address_pkey ON public.address USING btree (tenant_id, domain_id, local, kind)
CREATE INDEX address_target_mailbox ON public.address_target USING btree (mailbox_id, domain_id, local, kind) WHERE (mailbox_id IS NOT NULL)
CREATE UNIQUE INDEX address_target_pkey ON public.address_target USING btree (tenant_id, domain_id, local, kind, "position")
CREATE INDEX auth_failure_age ON public.auth_failure USING btree (window_until)
CREATE UNIQUE INDEX auth_failure_pkey ON public.auth_failure USING btree (key)
CREATE UNIQUE INDEX credential_pkey ON public.credential USING btree (tenant_id, mailbox_id)
CREATE INDEX delivery_deferred ON public.delivery USING btree (next_attempt_at) WHERE ((state = 'queued'::text) AND deferred)
CREATE INDEX delivery_due ON public.delivery USING btree (lane, tenant_id, next_attempt_at, message_id, ordinal) WHERE ((state = 'queued'::text) AND (NOT deferred))
CREATE INDEX delivery_held ON public.delivery USING btree (tenant_id, message_id) WHERE (state = 'held'::text)
CREATE INDEX delivery_leased ON public.delivery USING btree (lease_until) WHERE (state = 'leased'::text)
CREATE UNIQUE INDEX delivery_once ON public.delivery USING btree (tenant_id, message_id, mailbox_id) WHERE ((state = 'delivered'::text) AND (NOT duplicate))
CREATE UNIQUE INDEX delivery_pkey ON public.delivery USING btree (tenant_id, message_id, ordinal)
CREATE INDEX delivery_put_off ON public.delivery USING btree (tenant_id, message_id, ordinal) WHERE ((state = 'queued'::text) AND deferred)
CREATE INDEX delivery_recipient ON public.delivery USING btree (lower(recipient), tenant_id)
CREATE INDEX delivery_waiting ON public.delivery USING btree (tenant_id, recipient, COALESCE(mailbox_id, '00000000-0000-0000-0000-000000000000'::uuid), message_id, ordinal) WHERE (waits_for IS NOT NULL)
CREATE UNIQUE INDEX domain_name_key ON public.domain USING btree (name)
CREATE UNIQUE INDEX domain_of_tenant ON public.domain USING btree (tenant_id, id)
CREATE UNIQUE INDEX domain_pkey ON public.domain USING btree (id)
CREATE INDEX domain_removed ON public.domain USING btree (removed_at) WHERE (removed_at IS NOT NULL)
CREATE UNIQUE INDEX event_pkey ON public.event USING btree (tenant_id, message_id, id)
CREATE INDEX event_refused ON public.event USING btree (at) WHERE (kind = 'refused'::text)
CREATE INDEX event_refused_path ON public.event USING btree ("left"(lower("substring"(detail, '<(.*?)> from \['::text)), 320)) WHERE (kind = 'refused'::text)
CREATE INDEX folder_message_deleted ON public.folder_message USING btree (tenant_id, folder_id, uid) WHERE ((flags & 8) <> 0)
CREATE INDEX folder_message_message ON public.folder_message USING btree (tenant_id, message_id)
CREATE INDEX folder_message_modseq ON public.folder_message USING btree (tenant_id, folder_id, modseq, uid) WHERE (modseq > 0)
CREATE UNIQUE INDEX folder_message_pkey ON public.folder_message USING btree (tenant_id, folder_id, uid)
CREATE UNIQUE INDEX folder_pkey ON public.folder USING btree (tenant_id, id)
CREATE UNIQUE INDEX folder_tenant_id_mailbox_id_name_key ON public.folder USING btree (tenant_id, mailbox_id, name)
CREATE INDEX known_network_age ON public.known_network USING btree (seen_at)
CREATE UNIQUE INDEX known_network_pkey ON public.known_network USING btree (tenant_id, mailbox_id, network)
CREATE INDEX mailbox_domain ON public.mailbox USING btree (domain_id, id)
CREATE INDEX mailbox_name ON public.mailbox USING btree (tenant_id, name, id)
CREATE INDEX mailbox_of_domain ON public.mailbox USING btree (domain_id, name, id)
CREATE UNIQUE INDEX mailbox_pkey ON public.mailbox USING btree (tenant_id, id)
CREATE UNIQUE INDEX mailbox_usage_pkey ON public.mailbox_usage USING btree (tenant_id, mailbox_id)
CREATE INDEX maildrop_lock_age ON public.maildrop_lock USING btree (lease_until)
CREATE INDEX maildrop_lock_incarnation ON public.maildrop_lock USING btree (incarnation)
CREATE UNIQUE INDEX maildrop_lock_pkey ON public.maildrop_lock USING btree (tenant_id, mailbox_id)
CREATE UNIQUE INDEX message_chunk_pkey ON public.message_chunk USING btree (tenant_id, message_id, number)
CREATE INDEX message_header_id ON public.message USING btree (header_message_id, tenant_id) WHERE (header_message_id IS NOT NULL)
CREATE INDEX message_pending ON public.message USING btree (received_at) WHERE (state = 'pending'::text)
CREATE UNIQUE INDEX message_pkey ON public.message USING btree (tenant_id, id)
CREATE INDEX message_reverse_path ON public.message USING btree (lower(reverse_path), tenant_id)
CREATE UNIQUE INDEX removed_address_pkey ON public.removed_address USING btree (tenant_id, mailbox_id, domain, local, kind)
CREATE INDEX removed_mailbox_age ON public.removed_mailbox USING btree (removed_at)
CREATE INDEX removed_mailbox_name ON public.removed_mailbox USING btree (name, tenant_id)
CREATE UNIQUE INDEX removed_mailbox_pkey ON public.removed_mailbox USING btree (tenant_id, id)
CREATE UNIQUE INDEX retention_walk_pkey ON public.retention_walk USING btree (single)
CREATE UNIQUE INDEX subscription_pkey ON public.subscription USING btree (tenant_id, mailbox_id, name)
CREATE UNIQUE INDEX tenant_name_key ON public.tenant USING btree (name)
CREATE INDEX tenant_parent ON public.tenant USING btree (parent_id, id)
CREATE UNIQUE INDEX tenant_pkey ON public.tenant USING btree (id)
CREATE INDEX tenant_removed ON public.tenant USING btree (removed_at) WHERE (removed_at IS NOT NULL)
CREATE INDEX tombstone_age ON public.tombstone USING btree (gone_at)
CREATE INDEX tombstone_message ON public.tombstone USING btree (tenant_id, message_id)
CREATE UNIQUE INDEX tombstone_pkey ON public.tombstone USING btree (tenant_id, folder_id, modseq, uid)

-- policies
address: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
address: readers to {posthouse_ingress,posthouse_worker} using true check 
address_target: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
address_target: readers to {posthouse_ingress,posthouse_worker} using true check 
credential: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
delivery: births to {posthouse_ingress} using  check (came_from IS NULL)
delivery: moves to {posthouse_worker} using (settled_at IS NULL) check (state = ANY (ARRAY['queued'::text, 'leased'::text, 'delivered'::text, 'held'::text]))
delivery: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
delivery: readers to {posthouse_worker} using true check 
domain: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
domain: readers to {posthouse_ingress,posthouse_worker} using true check 
event: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
event: writers to {posthouse_imap,posthouse_ingress,posthouse_pop3,posthouse_worker} using  check true
folder: counters to {posthouse_pop3,posthouse_worker} using true check 
folder: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
folder: readers to {posthouse_pop3,posthouse_worker} using true check 
folder: tree to {posthouse_imap} using true check 
folder_message: expunges to {posthouse_pop3} using true check 
folder_message: keeps to {posthouse_imap} using true check 
folder_message: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
folder_message: places to {posthouse_worker} using  check true
folder_message: readers to {posthouse_pop3} using true check 
mailbox: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
mailbox: readers to {posthouse_imap,posthouse_ingress,posthouse_worker} using true check 
mailbox_usage: counters to {posthouse_imap,posthouse_pop3,posthouse_worker} using true check 
mailbox_usage: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
mailbox_usage: readers to {posthouse_imap,posthouse_ingress,posthouse_pop3,posthouse_worker} using true check 
maildrop_lock: keeps to {posthouse_pop3} using true check 
maildrop_lock: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
message: append_abandons to {posthouse_imap} using ((origin = 'append'::text) AND (state = 'pending'::text)) check 
message: append_accepts to {posthouse_imap} using ((origin = 'append'::text) AND (state = 'pending'::text)) check ((origin = 'append'::text) AND (state = 'accepted'::text))
message: appended to {posthouse_imap} using  check ((origin = 'append'::text) AND (state = ANY (ARRAY['pending'::text, 'accepted'::text])) AND (recipients = 0) AND (deliveries = 0))
message: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
message: readers to {posthouse_imap,posthouse_ingress,posthouse_pop3,posthouse_worker} using true check 
message: smtp_abandons to {posthouse_ingress} using ((origin = 'smtp'::text) AND (state = 'pending'::text)) check 
message: smtp_accepts to {posthouse_ingress} using ((origin = 'smtp'::text) AND (state = 'pending'::text)) check ((origin = 'smtp'::text) AND (state = 'accepted'::text))
message: smtp_mail to {posthouse_ingress} using  check ((origin = 'smtp'::text) AND (state = ANY (ARRAY['pending'::text, 'accepted'::text])))
message_chunk: abandons to {posthouse_imap,posthouse_ingress} using (NOT (EXISTS ( SELECT
   FROM message m
  WHERE ((m.tenant_id = message_chunk.tenant_id) AND (m.id = message_chunk.message_id) AND (m.state <> 'pending'::text))))) check 
message_chunk: append_chunks to {posthouse_imap} using  check (EXISTS ( SELECT
   FROM message m
  WHERE ((m.tenant_id = message_chunk.tenant_id) AND (m.id = message_chunk.message_id) AND (m.state = 'pending'::text))))
message_chunk: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
message_chunk: readers to {posthouse_imap,posthouse_ingress,posthouse_pop3} using true check 
message_chunk: smtp_chunks to {posthouse_ingress} using  check (EXISTS ( SELECT
   FROM message m
  WHERE ((m.tenant_id = message_chunk.tenant_id) AND (m.id = message_chunk.message_id) AND (m.state = 'pending'::text))))
removed_address: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
removed_mailbox: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
subscription: keeps to {posthouse_imap} using true check 
subscription: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
tenant: own_subtree to {posthouse_api} using (path @> ARRAY[( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")]) check sees(parent_id)
tenant: readers to {posthouse_ingress,posthouse_worker} using true check 
tombstone: buries to {posthouse_imap,posthouse_pop3} using  check true
tombstone: own_subtree to {posthouse_api} using ((tenant_id = ( SELECT (NULLIF(current_setting('posthouse.principal'::text, true), ''::text))::uuid AS "nullif")) OR ( SELECT (current_setting('posthouse.principal'::text, true) = '00000000-0000-7000-8000-000000000000'::text)) OR sees(tenant_id)) check 
tombstone: readers to {posthouse_imap} using true check 

-- functions
CREATE OR REPLACE FUNCTION public.account_standings(tenants uuid[], mailboxes uuid[])
 RETURNS TABLE(at integer, state text, password_stamp text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select w.at::int,
         case when d.state = 'disabled' or t.state = 'suspended' then 'disabled' else m.state end,
         coalesce(extract(epoch from c.changed_at)::text, '')
    from unnest(tenants, mailboxes) with ordinality as w (tenant_id, mailbox_id, at)
    join mailbox m on m.tenant_id = w.tenant_id and m.id = w.mailbox_id
    join domain d on d.id = m.domain_id
    join tenant t on t.id = m.tenant_id
    left join credential c on c.tenant_id = m.tenant_id and c.mailbox_id = m.id
$function$

CREATE OR REPLACE FUNCTION public.auth_facts(locals text[], domains text[], account_keys text[], remote_keys text[], networks text[])
 RETURNS TABLE(at integer, tenant_id uuid, mailbox_id uuid, state text, hash text, password_stamp text, known boolean, noted boolean, account_failures integer, remote_failures integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select w.at::int, f.tenant_id, f.id, f.state, f.hash, extract(epoch from f.changed_at)::text,
         n.seen_at is not null, coalesce(n.seen_at > now() - interval '1 day', false),
         -- All addresses of a mailbox share one count, and so do all networks that it does not know.
         coalesce((select failures from auth_failure
                    where key = coalesce('mailbox:' || f.id || case when n.seen_at is null then '' else ' ' || w.network end, w.account_key)
                      and window_until > now()), 0),
         coalesce((select failures from auth_failure where key = w.remote_key and window_until > now()), 0)
    from unnest(locals, domains, account_keys, remote_keys, networks) with ordinality as w (local, domain, account_key, remote_key, network, at)
    left join lateral (
      select m.tenant_id, m.id,
             case when d.state = 'disabled' or own.state = 'disabled' or t.state = 'suspended' then 'disabled' else m.state end as state,
             c.hash, c.changed_at
        from domain d
        join tenant t on t.id = d.tenant_id
        join address a on a.tenant_id = d.tenant_id and a.domain_id = d.id and a.kind = 'address' and a.local = w.local
        join address_target g on g.tenant_id = a.tenant_id and g.domain_id = a.domain_id and g.local = a.local and g.kind = a.kind
        join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
        join domain own on own.id = m.domain_id
        left join credential c on c.tenant_id = m.tenant_id and c.mailbox_id = m.id
       where d.name = w.domain
       limit 1
    ) f on true
    left join lateral (
      select k.seen_at from known_network k
       where k.tenant_id = f.tenant_id and k.mailbox_id = f.id and k.network = w.network and k.seen_at > now() - interval '30 days'
       limit 1
    ) n on true
$function$

CREATE OR REPLACE FUNCTION public.auth_failed(keys text[], window_seconds integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with counted as (
    insert into auth_failure as a (key, failures, window_until)
    select key, 1, now() + make_interval(secs => window_seconds) from (select distinct unnest(keys) as key order by 1) k
    on conflict (key) do update
       set failures = case when a.window_until > now() then a.failures + 1 else 1 end,
           window_until = case when a.window_until > now() then a.window_until else excluded.window_until end
    returning a.key, a.failures
  )
  select failures from counted where key = keys[1]
$function$

CREATE OR REPLACE FUNCTION public.auth_network_seen(of_tenant uuid, of_mailbox uuid, of_network text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform 1 from mailbox where tenant_id = of_tenant and id = of_mailbox for key share skip locked;
  if not found then
    return;
  end if;
  insert into known_network as k (tenant_id, mailbox_id, network) values (of_tenant, of_mailbox, of_network)
  on conflict (tenant_id, mailbox_id, network) do update set seen_at = now() where k.seen_at < now() - interval '1 day';
  delete from known_network k
   where k.tenant_id = of_tenant and k.mailbox_id = of_mailbox and k.network in (
     select o.network from known_network o
      where o.tenant_id = of_tenant and o.mailbox_id = of_mailbox
      order by o.seen_at desc, o.network offset 64 for update skip locked);
end $function$

CREATE OR REPLACE FUNCTION public.auth_succeeded(account_key text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  delete from auth_failure where key = account_key
$function$

CREATE OR REPLACE FUNCTION public.auth_upgrade(of_tenant uuid, of_mailbox uuid, old_hash text, new_hash text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with verified as (
    select 1 from credential where tenant_id = of_tenant and mailbox_id = of_mailbox and hash = old_hash for update skip locked
  )
  update credential set hash = new_hash
   where tenant_id = of_tenant and mailbox_id = of_mailbox and hash = old_hash and exists (select from verified)
$function$

CREATE OR REPLACE FUNCTION public.deliver_across(from_tenant uuid, of_message uuid, to_tenant uuid, to_recipient text, to_domain uuid, to_mailbox uuid, to_notify text DEFAULT NULL::text, to_orcpt text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  next_ordinal int;
begin
  insert into message as here (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
                               header_octets, recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body)
  select to_tenant, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
         header_octets, 0, 0, header_message_id, envelope, body_structure, mime_index, body
    from message where tenant_id = from_tenant and id = of_message and state = 'accepted'
  on conflict (tenant_id, id) do update set state = excluded.state, body = excluded.body where here.state = 'reclaimed';
  if found then
    insert into message_chunk (tenant_id, message_id, number, octets)
    select to_tenant, message_id, number, octets from message_chunk where tenant_id = from_tenant and message_id = of_message;
    insert into event (tenant_id, message_id, kind, detail) values (to_tenant, of_message, 'accepted', 'by an alias of another tenant');
  end if;
  update message set recipients = recipients + 1, deliveries = deliveries + 1
   where tenant_id = to_tenant and id = of_message
  returning deliveries - 1 into strict next_ordinal;
  insert into delivery (tenant_id, message_id, ordinal, depth, domain_id, mailbox_id, recipient, lane, state, dsn_notify, dsn_orcpt)
  values (to_tenant, of_message, next_ordinal, 1, to_domain, to_mailbox, to_recipient, 'local', 'queued', to_notify, to_orcpt);
end $function$

CREATE OR REPLACE FUNCTION public.discard_deliveries(tenants uuid[], messages uuid[], ordinals integer[])
 RETURNS TABLE(tenant_id uuid, message_id uuid, ordinal integer)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with chosen as materialized (
    select d.tenant_id, d.message_id, d.ordinal, d.state
      from unnest(tenants, messages, ordinals) as k (tenant_id, message_id, ordinal)
      join delivery d on d.tenant_id = k.tenant_id and d.message_id = k.message_id and d.ordinal = k.ordinal
     where (d.state = 'held' or d.state = 'queued' and d.deferred) and sees(k.tenant_id)
       for update of d skip locked
  ), gone as (
    update delivery d
       set came_from = c.state, state = 'discarded', waits_for = null, deferred = false, settled_at = now(), reply = 'discarded by the operator'
      from chosen c
     where d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
    returning d.tenant_id, d.message_id, d.ordinal
  ), noted as (
    insert into event (tenant_id, message_id, kind, ordinal, detail)
    select g.tenant_id, g.message_id, 'discarded', g.ordinal, 'by the operator' from gone g
  )
  select g.tenant_id, g.message_id, g.ordinal from gone g
$function$

CREATE OR REPLACE FUNCTION public.empty_domain(of_tenant uuid, of_domain uuid, most integer, patient boolean)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  batch uuid[];
begin
  if not exists (select from domain where tenant_id = of_tenant and id = of_domain and removed_at is not null) then
    return false;
  end if;
  batch := array(select id from mailbox where domain_id = of_domain order by domain_id, id limit most);
  if cardinality(batch) > 0 then
    -- Nothing waits for one mailbox while it holds another.
    if mark_removed(of_tenant, batch, false) = 0 and patient then
      perform mark_removed(of_tenant, batch[1:1], true);
    end if;
    return true;
  end if;
  -- What is left are aliases to elsewhere, and addresses here of mailboxes that live in another domain of the tenant.
  delete from address where ctid = any (array(
    select ctid from address where tenant_id = of_tenant and domain_id = of_domain order by local, kind limit 10 * most));
  if found then
    return true;
  end if;
  delete from domain where tenant_id = of_tenant and id = of_domain;
  return false;
end $function$

CREATE OR REPLACE FUNCTION public.expand_delivery(of_tenant uuid, of_message uuid, of_ordinal integer, of_lease uuid, lease_seconds double precision, is_last boolean, total integer, max_deliveries integer, recipients text[], lanes text[], domains uuid[], mailboxes uuid[], holds text[])
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  expanded delivery%rowtype;
  asked_orcpt text;
  step record;
  next_ordinal int;
begin
  select * into expanded from delivery d
   where d.tenant_id = of_tenant and d.message_id = of_message and d.ordinal = of_ordinal and d.state = 'leased' and d.lease_owner = of_lease
     for update;
  if not found then
    return 'lost-lease';
  end if;
  -- RFC 3461 5.2.7 and 5.2.1: targets inherit what the sender asked for, and the address it wrote to where it named no other (utf-8: RFC 6533 3).
  asked_orcpt := coalesce(expanded.dsn_orcpt,
                          case when octet_length(expanded.recipient) = length(expanded.recipient) then 'rfc822;' else 'utf-8;' end
                            || expanded.recipient);
  begin
    for step in
      select coalesce(d.tenant_id, of_tenant) as owner, array_agg(t.at::int order by t.at) as positions
        from unnest(domains) with ordinality as t (domain_id, at) left join domain d on d.id = t.domain_id
       group by 1 order by 1
    loop
      if step.owner = of_tenant then
        update message m set deliveries = m.deliveries + cardinality(step.positions)
         where m.tenant_id = of_tenant and m.id = of_message
        returning m.deliveries - cardinality(step.positions) into strict next_ordinal;
        insert into delivery (tenant_id, message_id, ordinal, parent, depth, recipient, lane, domain_id, mailbox_id, state, reply,
                              dsn_notify, dsn_orcpt)
        select of_tenant, of_message, next_ordinal + p.number::int - 1, of_ordinal, expanded.depth + 1, recipients[p.at], lanes[p.at],
               domains[p.at], mailboxes[p.at], case when holds[p.at] is null then 'queued' else 'held' end, holds[p.at],
               expanded.dsn_notify, asked_orcpt
          from unnest(step.positions) with ordinality as p (at, number);
        next_ordinal := next_ordinal + cardinality(step.positions);
      else
        perform deliver_across(of_tenant, of_message, step.owner, recipients[p.at], domains[p.at], mailboxes[p.at], expanded.dsn_notify, asked_orcpt)
           from unnest(step.positions) as p (at);
        select m.deliveries into next_ordinal from message m where m.tenant_id = step.owner and m.id = of_message;
      end if;
      if next_ordinal > max_deliveries then
        raise exception using errcode = 'PH001';
      end if;
    end loop;
  exception when sqlstate 'PH001' then
    return 'too-many';
  end;
  if is_last then
    update delivery d
       set came_from = d.state, state = 'forwarded', settled_at = now(), lease_owner = null, lease_until = null,
           reply = 'expanded to ' || total || ' target(s)'
     where d.tenant_id = of_tenant and d.message_id = of_message and d.ordinal = of_ordinal;
    insert into event (tenant_id, message_id, kind, ordinal, detail)
    values (of_tenant, of_message, 'forwarded', of_ordinal, 'expanded to ' || total || ' target(s)');
    return 'forwarded';
  end if;
  update delivery d set lease_until = now() + make_interval(secs => lease_seconds)
   where d.tenant_id = of_tenant and d.message_id = of_message and d.ordinal = of_ordinal;
  return 'more';
end $function$

CREATE OR REPLACE FUNCTION public.find_by_address(addresses text[], many integer)
 RETURNS TABLE(tenant_id uuid, id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with wanted as materialized (select array_agg(distinct lower(one)) as folded from unnest(addresses) one),
       principal as materialized (select nullif(current_setting('posthouse.principal', true), '')::uuid as id)
  (select m.tenant_id, m.id from message m
    where lower(m.reverse_path) = any ((select folded from wanted)::text[])
      and (m.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(m.tenant_id))
    order by m.id desc limit many)
  union
  (select d.tenant_id, d.message_id from delivery d
    where lower(d.recipient) = any ((select folded from wanted)::text[])
      and (d.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(d.tenant_id))
    order by d.message_id desc limit many)
  union
  (select e.tenant_id, e.message_id from event e
    where e.kind = 'refused' and left(lower(substring(e.detail from '<(.*?)> from \[')), 320) = any ((select folded from wanted)::text[])
      and (e.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(e.tenant_id))
    order by e.message_id desc limit many)
$function$

CREATE OR REPLACE FUNCTION public.lies_nowhere(of_tenant uuid, of_message uuid, expunged_days integer)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select not exists (select from folder_message f where f.tenant_id = of_tenant and f.message_id = of_message)
     and not exists (select from delivery d where d.tenant_id = of_tenant and d.message_id = of_message and d.state in ('queued', 'leased', 'held'))
     and not exists (select from tombstone t where t.tenant_id = of_tenant and t.message_id = of_message
                        and t.gone_at >= now() - greatest(make_interval(days => expunged_days), interval '1 hour'))
$function$

CREATE OR REPLACE FUNCTION public.login_failures(many integer)
 RETURNS TABLE(key text, failures integer, until timestamp with time zone, mailbox_id uuid, mailbox text, tenant text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with newest as materialized (
    select a.key, a.failures, a.window_until, substring(a.key from '^mailbox:([0-9a-f-]{36})')::uuid as mailbox_id
      from auth_failure a
     where a.window_until > now() and current_setting('posthouse.principal', true) = '00000000-0000-7000-8000-000000000000'
     order by a.window_until desc limit many
  )
  select n.key, n.failures, n.window_until, n.mailbox_id, named.mailbox, named.tenant
    from newest n
    left join lateral (
      select m.name as mailbox, t.name as tenant
        from address_target g
        join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
        join tenant t on t.id = m.tenant_id
       where g.mailbox_id = n.mailbox_id limit 1
    ) named on true
   order by n.window_until desc, n.key
$function$

CREATE OR REPLACE FUNCTION public.login_failures_of(of_tenant uuid, of_mailbox uuid, others text[])
 RETURNS TABLE(key text, failures integer, until timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select a.key, a.failures, a.window_until from auth_failure a
   where a.key = any (array(select login_keys(of_tenant, of_mailbox)) || others) and a.window_until > now()
     and current_setting('posthouse.principal', true) = '00000000-0000-7000-8000-000000000000'
   order by a.key
$function$

CREATE OR REPLACE FUNCTION public.login_keys(of_tenant uuid, of_mailbox uuid)
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select 'mailbox:' || of_mailbox where of_mailbox is not null
  union all
  select 'mailbox:' || k.mailbox_id || ' ' || k.network from known_network k where k.tenant_id = of_tenant and k.mailbox_id = of_mailbox
$function$

CREATE OR REPLACE FUNCTION public.mark_removed(of_tenant uuid, wanted uuid[], patient boolean)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  gone uuid[];
begin
  if patient then
    perform pg_advisory_xact_lock(7305013, h.key)
       from (select distinct hashtext(w::text) as key from unnest(wanted) w order by 1) h;
    perform from mailbox_usage where tenant_id = of_tenant and mailbox_id = any (wanted) order by mailbox_id for update;
    gone := wanted;
  else
    select array_agg(u.mailbox_id) into gone
      from (select mailbox_id from mailbox_usage
             where tenant_id = of_tenant and mailbox_id = any (wanted)
               and pg_try_advisory_xact_lock(7305013, hashtext(mailbox_id::text))
             order by mailbox_id for update skip locked) u;
  end if;
  with moved as (
    insert into removed_mailbox (tenant_id, id, domain, name, state, quota_octets, quota_messages, created_at)
    select m.tenant_id, m.id, coalesce(d.removed_name, d.name), m.name, m.state, m.quota_octets, m.quota_messages, m.created_at
      from mailbox m join domain d on d.id = m.domain_id
     where m.tenant_id = of_tenant and m.id = any (gone)
    returning id
  )
  insert into removed_address (tenant_id, mailbox_id, domain, local, kind)
  select distinct of_tenant, g.mailbox_id, coalesce(d.removed_name, d.name), g.local, g.kind
    from moved
   cross join lateral (select * from address_target where mailbox_id = moved.id offset 0) g
    join domain d on d.id = g.domain_id
   where g.tenant_id = of_tenant;
  -- Rows of the address book that lead only to them; the others lose a target with the mailbox.
  -- The caller holds the directory's lock: no row of it moves between the look and the deletion.
  delete from address where ctid = any (array(
    select a.ctid
      from unnest(gone) as w (id)
     cross join lateral (select * from address_target where mailbox_id = w.id offset 0) g
     cross join lateral (
       select ctid from address where tenant_id = of_tenant and domain_id = g.domain_id and local = g.local and kind = g.kind offset 0) a
     where g.tenant_id = of_tenant
       and not coalesce((
             select true from address_target o
              where o.tenant_id = of_tenant and o.domain_id = g.domain_id and o.local = g.local and o.kind = g.kind
                and (o.mailbox_id is null or o.mailbox_id <> all (gone)) limit 1), false)));
  delete from mailbox_usage where tenant_id = of_tenant and mailbox_id = any (gone);
  delete from mailbox where tenant_id = of_tenant and id = any (gone);
  perform pg_notify('posthouse_account', '') where gone is not null;
  return coalesce(cardinality(gone), 0);
end $function$

CREATE OR REPLACE FUNCTION public.overtaken_messages(of_tenants uuid[], of_messages uuid[], of_domains uuid[], of_mailboxes uuid[], of_kinds text[], of_rows text[], of_locals text[])
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SECURITY DEFINER ROWS 1
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  return query
  with standing as materialized (
    select d.tenant_id, d.id, d.state = 'active' and t.state = 'active' as takes_mail
      from domain d join tenant t on t.id = d.tenant_id
     where d.id = any (of_domains) and d.removed_at is null
     order by d.id
       for key share of d skip locked
  )
  select distinct r.message_id
    from unnest(of_tenants, of_messages, of_domains, of_mailboxes, of_kinds, of_rows, of_locals)
           as r (tenant_id, message_id, domain_id, mailbox_id, kind, row_local, local)
    left join standing s on s.id = r.domain_id and s.tenant_id = r.tenant_id
   where r.domain_id is not null
     and case
           when s.id is null then true
           when r.kind is null then false
           when not s.takes_mail and r.local <> 'postmaster' then true
           when (r.kind <> 'address' or r.row_local <> r.local)
                and exists (select from address a
                             where a.tenant_id = r.tenant_id and a.domain_id = r.domain_id and a.local = r.local
                               and a.kind in ('address', 'alias') and (a.kind, a.local) <> (r.kind, r.row_local)) then true
           else not exists (
             select from address_target g left join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
              where g.tenant_id = r.tenant_id and g.domain_id = r.domain_id and g.local = r.row_local and g.kind = r.kind
                and (r.mailbox_id is null or g.mailbox_id = r.mailbox_id)
                and (g.mailbox_id is null or m.state <> 'disabled'))
         end;
end $function$

CREATE OR REPLACE FUNCTION public.purge_mailbox(of_tenant uuid, of_mailbox uuid, batch integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  part uuid;
  swept int;
  last bigint;
begin
  update removed_mailbox set purging = true where tenant_id = of_tenant and id = of_mailbox and not purging;
  select id into part from folder where tenant_id = of_tenant and mailbox_id = of_mailbox order by name limit 1 for update skip locked;
  if part is not null then
    with old as (
      select uid from folder_message
       where tenant_id = of_tenant and folder_id = part
         and uid > (select swept_uid from removed_mailbox where tenant_id = of_tenant and id = of_mailbox)
       order by uid limit batch
    ), gone as (
      delete from folder_message m using old where m.tenant_id = of_tenant and m.folder_id = part and m.uid = old.uid
      returning m.modseq, m.uid, m.message_id
    ), buried as ( -- retention counts the days of a body from its youngest tombstone
      insert into tombstone (tenant_id, folder_id, modseq, uid, message_id) select of_tenant, part, modseq, uid, message_id from gone
    )
    select count(*), max(uid) into swept, last from gone;
    if swept < batch then
      delete from folder where tenant_id = of_tenant and id = part;
      last := 0;
    end if;
    update removed_mailbox set swept_uid = last where tenant_id = of_tenant and id = of_mailbox;
    return swept;
  end if;
  if not exists (select from folder where tenant_id = of_tenant and mailbox_id = of_mailbox) then
    delete from subscription where tenant_id = of_tenant and mailbox_id = of_mailbox;
    delete from credential where tenant_id = of_tenant and mailbox_id = of_mailbox;
    delete from maildrop_lock where ctid = any (array(
      select ctid from maildrop_lock where tenant_id = of_tenant and mailbox_id = of_mailbox for update skip locked));
    delete from removed_mailbox where tenant_id = of_tenant and id = of_mailbox;
  end if;
  return 0;
end $function$

CREATE OR REPLACE FUNCTION public.purge_tenant(gone uuid, batch integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  swept int;
begin
  with page as (
    select id from message where tenant_id = gone order by id limit greatest(1, batch / 10) for update skip locked
  ), messages as (
    delete from message m using page where m.tenant_id = gone and m.id = page.id returning m.id
  ), chunks as (
    delete from message_chunk c using messages m where c.tenant_id = gone and c.message_id = m.id
  ), deliveries as (
    delete from delivery d using messages m where d.tenant_id = gone and d.message_id = m.id
  ), events as (
    delete from event e using messages m where e.tenant_id = gone and e.message_id = m.id
  )
  select count(*) into swept from messages;
  if swept > 0 or exists (select from message where tenant_id = gone) then
    return swept;
  end if;
  with chunks as (
    delete from message_chunk where ctid = any (array(select ctid from message_chunk where tenant_id = gone limit batch / 10)) returning 1
  ), deliveries as (
    delete from delivery where ctid = any (array(select ctid from delivery where tenant_id = gone limit batch for update skip locked)) returning 1
  ), events as (
    delete from event where ctid = any (array(select ctid from event where tenant_id = gone limit batch)) returning 1
  ), tombstones as (
    delete from tombstone where ctid = any (array(select ctid from tombstone where tenant_id = gone limit batch for update skip locked)) returning 1
  )
  select (select count(*) from chunks) + (select count(*) from deliveries) + (select count(*) from events) + (select count(*) from tombstones)
    into swept;
  if swept = 0 and not exists (select from tenant where parent_id = gone) then
    delete from tenant where id = gone;
  end if;
  return swept;
end $function$

CREATE OR REPLACE FUNCTION public.release_deliveries(tenants uuid[], messages uuid[], ordinals integer[])
 RETURNS TABLE(tenant_id uuid, message_id uuid, ordinal integer)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with chosen as materialized (
    select d.tenant_id, d.message_id, d.ordinal, d.state, d.state = 'held' and coalesce(d.waits_for, '') = 'directory' as anew
      from unnest(tenants, messages, ordinals) as k (tenant_id, message_id, ordinal)
      join delivery d on d.tenant_id = k.tenant_id and d.message_id = k.message_id and d.ordinal = k.ordinal
     where (d.state = 'held' or d.state = 'queued' and d.deferred) and sees(k.tenant_id)
       for update of d skip locked
  ), freed as (
    update delivery d
       set came_from = case c.state when 'held' then 'held' else d.came_from end, state = 'queued', waits_for = null, deferred = false,
           next_attempt_at = now(), reply = case c.state when 'held' then null else d.reply end,
           lane = case when c.anew then 'expand' else d.lane end, mailbox_id = case when c.anew then null else d.mailbox_id end
      from chosen c
     where d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
    returning d.tenant_id, d.message_id, d.ordinal
  ), noted as (
    insert into event (tenant_id, message_id, kind, ordinal, detail)
    select c.tenant_id, c.message_id, 'released', c.ordinal,
           'by the operator' || case when c.anew then ', to wherever the address leads now' when c.state = 'queued' then ': due at once' else '' end
      from chosen c join freed f on f.tenant_id = c.tenant_id and f.message_id = c.message_id and f.ordinal = c.ordinal
  )
  select f.tenant_id, f.message_id, f.ordinal from freed f
$function$

CREATE OR REPLACE FUNCTION public.remove_domain(of_tenant uuid, of_domain uuid, most integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_visible(of_tenant);
  return empty_domain(of_tenant, of_domain, most, true);
end $function$

CREATE OR REPLACE FUNCTION public.remove_mailbox(of_tenant uuid, gone uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_visible(of_tenant);
  perform mark_removed(of_tenant, array[gone], true);
end $function$

CREATE OR REPLACE FUNCTION public.remove_tenant(gone uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform require_visible(gone);
  if exists (select from domain where tenant_id = gone and removed_at is null) then
    raise insufficient_privilege using message = 'this tenant still has domains';
  end if;
  update tenant set state = 'suspended', removed_at = now(), removed_name = name, name = ':' || id where id = gone and removed_at is null;
  update removed_mailbox set removed_at = '-infinity' where tenant_id = gone;
end $function$

CREATE OR REPLACE FUNCTION public.require_visible(of_tenant uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if of_tenant is null or not sees(of_tenant) then
    raise insufficient_privilege using message = 'this tenant is not yours';
  end if;
end $function$

CREATE OR REPLACE FUNCTION public.restore_mailbox(of_tenant uuid, of_mailbox uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  was removed_mailbox;
begin
  perform require_visible(of_tenant);
  perform pg_advisory_xact_lock(7305013, hashtext(of_mailbox::text));
  select * into strict was from removed_mailbox where tenant_id = of_tenant and id = of_mailbox and not purging for update;
  perform from folder where tenant_id = of_tenant and mailbox_id = of_mailbox order by id for update;
  insert into mailbox (tenant_id, id, domain_id, name, state, quota_octets, quota_messages, created_at)
  select of_tenant, was.id, d.id, was.name, was.state, was.quota_octets, was.quota_messages, was.created_at
    from domain d where d.tenant_id = of_tenant and d.name = was.domain;
  insert into mailbox_usage (tenant_id, mailbox_id, octets, messages)
  select of_tenant, was.id, coalesce(sum(octets), 0), coalesce(sum(messages), 0)
    from folder where tenant_id = of_tenant and mailbox_id = of_mailbox;
  -- Its addresses, where nobody has taken them; its aliases, which may be there with other targets.
  insert into address (tenant_id, domain_id, local, kind)
  select of_tenant, d.id, r.local, r.kind
    from removed_address r join domain d on d.tenant_id = of_tenant and d.name = r.domain
   where r.tenant_id = of_tenant and r.mailbox_id = was.id
     and not coalesce((select true from address a
                        where a.tenant_id = of_tenant and a.domain_id = d.id and a.local = r.local
                          and (a.kind = r.kind or (a.kind in ('address', 'alias') and r.kind in ('address', 'alias'))) limit 1), false);
  insert into address_target (tenant_id, domain_id, local, kind, position, mailbox_id)
  select of_tenant, d.id, r.local, r.kind,
         coalesce((select max(position) + 1 from address_target o
                    where o.tenant_id = of_tenant and o.domain_id = d.id and o.local = r.local and o.kind = r.kind), 0), was.id
    from removed_address r join domain d on d.tenant_id = of_tenant and d.name = r.domain
   cross join lateral (
     select from address where tenant_id = of_tenant and domain_id = d.id and local = r.local and kind = r.kind offset 0) a
   where r.tenant_id = of_tenant and r.mailbox_id = was.id
     and (r.kind <> 'address' or not exists (select from address_target o
            where o.tenant_id = of_tenant and o.domain_id = d.id and o.local = r.local and o.kind = r.kind));
  delete from removed_mailbox where tenant_id = of_tenant and id = of_mailbox;
  perform pg_notify('posthouse_account', of_mailbox::text);
end $function$

CREATE OR REPLACE FUNCTION public.sees(of_tenant uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  return exists (select from tenant
                  where id = of_tenant and path @> array[nullif(current_setting('posthouse.principal', true), '')::uuid]);
end $function$

CREATE OR REPLACE FUNCTION public.sweep_aged(batch integer, expunged_days integer, trace_days integer)
 RETURNS TABLE(tombstones integer, refusals integer)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with old_tombstones as (
    delete from tombstone where ctid = any (array(
      select ctid from tombstone where gone_at < now() - greatest(make_interval(days => expunged_days), interval '1 hour') order by gone_at limit batch for update skip locked))
    returning 1
  ), old_refusals as (
    delete from event where ctid = any (array(
      select ctid from event where kind = 'refused' and at < now() - make_interval(days => trace_days) order by at limit batch for update skip locked))
    returning 1
  ), old_leases as (
    delete from maildrop_lock where ctid = any (array(
      select ctid from maildrop_lock where lease_until < now() - interval '1 hour' limit batch for update skip locked))
  ), old_networks as (
    delete from known_network where ctid = any (array(
      select ctid from known_network where seen_at < now() - interval '30 days' order by seen_at limit batch for update skip locked))
  )
  select (select count(*)::int from old_tombstones), (select count(*)::int from old_refusals)
$function$

CREATE OR REPLACE FUNCTION public.sweep_failures(batch integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with old_failures as (
    delete from auth_failure where ctid = any (array(
      select ctid from auth_failure where window_until < now() - interval '1 hour' limit batch for update skip locked))
    returning 1
  )
  select count(*)::int from old_failures
$function$

CREATE OR REPLACE FUNCTION public.sweep_messages(batch integer, expunged_days integer, trace_days integer, rest_seconds integer)
 RETURNS TABLE(reclaimed integer, forgotten integer, more boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  walk retention_walk;
  looked int;
  next_tenant uuid;
  next_message uuid;
  tenants uuid[];
  messages uuid[];
begin
  select * into walk from retention_walk w where w.rest_until <= now() for update skip locked;
  if not found then
    return query select 0, 0, false;
    return;
  end if;
  with page as (
    select m.tenant_id, m.id, m.state, m.received_at
      from message m
     where (m.tenant_id, m.id) > (walk.last_tenant, walk.last_message)
     order by m.tenant_id, m.id
     limit batch
  ), locked as (
    select m.tenant_id, m.id
      from page p join message m on m.tenant_id = p.tenant_id and m.id = p.id
     where p.state <> 'pending'
       and p.received_at < now() - greatest(make_interval(days => expunged_days), interval '1 hour')
       and lies_nowhere(p.tenant_id, p.id, expunged_days)
       for update of m skip locked
  ), last as (
    select p.tenant_id, p.id from page p order by p.tenant_id desc, p.id desc limit 1
  )
  select (select count(*) from page), (select tenant_id from last), (select id from last), array_agg(l.tenant_id), array_agg(l.id)
    into looked, next_tenant, next_message, tenants, messages
    from locked l;
  with orphan as (
    select m.tenant_id, m.id, m.received_at
      from unnest(tenants, messages) l (tenant_id, id) join message m on m.tenant_id = l.tenant_id and m.id = l.id
     where lies_nowhere(m.tenant_id, m.id, expunged_days)
  ), gone as (
    delete from message m using orphan o
     where m.tenant_id = o.tenant_id and m.id = o.id and o.received_at < now() - make_interval(days => trace_days)
    returning m.tenant_id, m.id
  ), emptied as (
    update message m set state = 'reclaimed', body = null from orphan o
     where m.tenant_id = o.tenant_id and m.id = o.id and m.state = 'accepted'
       and o.received_at >= now() - make_interval(days => trace_days)
    returning m.tenant_id, m.id
  ), chunks as (
    delete from message_chunk c using (select * from gone union all select * from emptied) x
     where c.tenant_id = x.tenant_id and c.message_id = x.id
  ), deliveries as (
    delete from delivery d using gone g where d.tenant_id = g.tenant_id and d.message_id = g.id
  ), events as (
    delete from event e using gone g where e.tenant_id = g.tenant_id and e.message_id = g.id
  )
  select (select count(*) from emptied), (select count(*) from gone) into reclaimed, forgotten;
  more := looked = batch;
  if more then
    update retention_walk set last_tenant = next_tenant, last_message = next_message;
  else
    update retention_walk
       set last_tenant = default, last_message = default, rest_until = now() + make_interval(secs => rest_seconds);
  end if;
  return next;
end $function$

CREATE OR REPLACE FUNCTION public.sweep_pending(silent_seconds double precision, batch integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  tenants uuid[];
  messages uuid[];
  swept int;
begin
  select array_agg(l.tenant_id), array_agg(l.id) into tenants, messages
    from (select m.tenant_id, m.id from message m
           where m.state = 'pending' and m.received_at < now() - make_interval(secs => silent_seconds)
             and not exists (select from message_chunk c
                              where c.tenant_id = m.tenant_id and c.message_id = m.id
                                and c.stored_at >= now() - make_interval(secs => silent_seconds))
           order by m.received_at
           limit batch
             for update of m skip locked) l;
  if messages is null then
    return 0;
  end if;
  with gone as (
    delete from message m using unnest(tenants, messages) l (tenant_id, id)
     where m.tenant_id = l.tenant_id and m.id = l.id and m.state = 'pending'
       and not exists (select from message_chunk c
                        where c.tenant_id = m.tenant_id and c.message_id = m.id
                          and c.stored_at >= now() - make_interval(secs => silent_seconds))
    returning m.tenant_id, m.id
  ), chunks as (
    delete from message_chunk c using gone g where c.tenant_id = g.tenant_id and c.message_id = g.id
  )
  select count(*)::int into swept from gone;
  return swept;
end $function$

CREATE OR REPLACE FUNCTION public.sweep_removed(batch integer, grace_days integer)
 RETURNS TABLE(purged integer, more boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  of_tenant uuid;
  found_id uuid;
begin
  purged := 0;
  more := false;
  -- A removal that was interrupted goes on; while it is under way its own transactions hold the lock now and then.
  select d.tenant_id, d.id into of_tenant, found_id
    from domain d where d.removed_at is not null order by d.removed_at limit 1 for update skip locked;
  if found and pg_try_advisory_xact_lock(7305014, hashtext(of_tenant::text)) then
    perform empty_domain(of_tenant, found_id, 100, false);
    more := true;
  end if;
  select r.tenant_id, r.id into of_tenant, found_id
    from removed_mailbox r
   where r.removed_at <= now() - make_interval(days => grace_days)
   order by r.removed_at limit 1 for update skip locked;
  if found then
    purged := purge_mailbox(of_tenant, found_id, batch);
    more := true;
    return next;
    return;
  end if;
  select t.id into of_tenant
    from tenant t
   where t.removed_at is not null
     and not exists (select from domain d where d.tenant_id = t.id)
     and not exists (select from removed_mailbox r where r.tenant_id = t.id)
   order by t.removed_at limit 1 for update skip locked;
  if found then
    purged := purge_tenant(of_tenant, batch);
    more := true;
  end if;
  return next;
end $function$

CREATE OR REPLACE FUNCTION public.unlock_login(of_tenant uuid, of_mailbox uuid, others text[])
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  forgotten int;
begin
  if current_setting('posthouse.principal', true) is distinct from '00000000-0000-7000-8000-000000000000' then
    return 0;
  end if;
  with locked as (
    select a.key from auth_failure a where a.key = any (array(select login_keys(of_tenant, of_mailbox)) || others) order by a.key for update
  ), gone as (
    delete from auth_failure a using locked l where a.key = l.key returning a.window_until
  )
  select count(*) filter (where window_until > now()) into forgotten from gone;
  perform pg_notify('posthouse_account', 'unlock ' || key)
     from unnest(others || case when of_mailbox is not null then array['mailbox:' || of_mailbox] end) key;
  return forgotten;
end $function$


-- triggers

-- grants
DELETE, SELECT on address to posthouse_api
SELECT on address to posthouse_ingress
SELECT on address to posthouse_worker
DELETE, SELECT on address_target to posthouse_api
SELECT on address_target to posthouse_ingress
SELECT on address_target to posthouse_worker
DELETE on credential to posthouse_api
SELECT on delivery to posthouse_api
SELECT on domain to posthouse_api
SELECT on domain to posthouse_ingress
SELECT on domain to posthouse_worker
SELECT on event to posthouse_api
DELETE, SELECT on folder to posthouse_imap
SELECT on folder_message to posthouse_api
DELETE, SELECT on folder_message to posthouse_imap
DELETE, SELECT on folder_message to posthouse_pop3
SELECT on mailbox to posthouse_api
SELECT on mailbox to posthouse_imap
SELECT on mailbox to posthouse_ingress
SELECT on mailbox to posthouse_worker
SELECT on mailbox_usage to posthouse_api
SELECT on mailbox_usage to posthouse_imap
SELECT on mailbox_usage to posthouse_ingress
SELECT on mailbox_usage to posthouse_pop3
DELETE, INSERT, SELECT, UPDATE on maildrop_lock to posthouse_pop3
DELETE, SELECT on message to posthouse_imap
DELETE on message to posthouse_ingress
DELETE, SELECT on message_chunk to posthouse_imap
DELETE on message_chunk to posthouse_ingress
SELECT on message_chunk to posthouse_pop3
SELECT on removed_address to posthouse_api
SELECT on removed_mailbox to posthouse_api
INSERT on subscription to posthouse_api
DELETE, INSERT, SELECT on subscription to posthouse_imap
SELECT on tenant to posthouse_api
SELECT on tenant to posthouse_ingress
SELECT on tenant to posthouse_worker
SELECT on tombstone to posthouse_imap

-- column grants
INSERT (domain_id, kind, local, tenant_id) on address to posthouse_api
INSERT (domain_id, forward_path, kind, local, mailbox_id, position, tenant_id) on address_target to posthouse_api
INSERT (hash, mailbox_id, tenant_id) on credential to posthouse_api
SELECT (changed_at, mailbox_id, tenant_id) on credential to posthouse_api
UPDATE (changed_at, hash) on credential to posthouse_api
INSERT (domain_id, dsn_notify, dsn_orcpt, lane, mailbox_id, message_id, ordinal, recipient, reply, state, tenant_id, waits_for) on delivery to posthouse_ingress
SELECT (attempt, deferred, depth, domain_id, duplicate, fence, lane, lease_owner, lease_until, mailbox_id, message_id, next_attempt_at, ordinal, parent, queued_at, recipient, reply, state, tenant_id, waits_for) on delivery to posthouse_worker
UPDATE (attempt, came_from, deferred, duplicate, fence, lease_owner, lease_until, mailbox_id, next_attempt_at, reply, settled_at, state, waits_for) on delivery to posthouse_worker
INSERT (id, name, separators, tenant_id) on domain to posthouse_api
UPDATE (name, removed_at, removed_name, separators, state) on domain to posthouse_api
INSERT (detail, kind, message_id, tenant_id) on event to posthouse_imap
INSERT (detail, kind, message_id, tenant_id) on event to posthouse_ingress
INSERT (detail, kind, message_id, tenant_id) on event to posthouse_pop3
INSERT (detail, kind, message_id, ordinal, tenant_id) on event to posthouse_worker
INSERT (id, mailbox_id, name, special_use, tenant_id) on folder to posthouse_api
SELECT (id, mailbox_id, messages, octets, tenant_id) on folder to posthouse_api
INSERT (id, mailbox_id, name, tenant_id) on folder to posthouse_imap
UPDATE (highestmodseq, keywords, messages, name, octets, recent_from, uidnext, uidvalidity, unseen) on folder to posthouse_imap
SELECT (highestmodseq, id, mailbox_id, messages, name, octets, tenant_id, unseen) on folder to posthouse_pop3
UPDATE (highestmodseq, messages, octets, unseen) on folder to posthouse_pop3
SELECT (highestmodseq, id, mailbox_id, messages, name, octets, tenant_id, uidnext, unseen) on folder to posthouse_worker
UPDATE (highestmodseq, messages, octets, uidnext, unseen) on folder to posthouse_worker
INSERT (copy_number, flags, folder_id, internal_date, keywords, lacks_final_crlf, mailbox_id, message_id, modseq, octets, tenant_id, trace, uid, uidl) on folder_message to posthouse_imap
UPDATE (flags, keywords, modseq) on folder_message to posthouse_imap
INSERT (folder_id, mailbox_id, message_id, modseq, octets, tenant_id, trace, uid) on folder_message to posthouse_worker
INSERT (domain_id, id, name, quota_messages, quota_octets, tenant_id) on mailbox to posthouse_api
UPDATE (quota_messages, quota_octets, state) on mailbox to posthouse_api
INSERT (mailbox_id, tenant_id) on mailbox_usage to posthouse_api
UPDATE (messages, octets) on mailbox_usage to posthouse_imap
UPDATE (messages, octets) on mailbox_usage to posthouse_pop3
SELECT (mailbox_id, messages, octets, tenant_id) on mailbox_usage to posthouse_worker
UPDATE (messages, octets) on mailbox_usage to posthouse_worker
SELECT (body_type, deliveries, dsn_envid, dsn_ret, header_message_id, header_octets, helo, id, octets, origin, received_at, recipients, remote_address, reverse_path, smtputf8, state, tenant_id) on message to posthouse_api
INSERT (body, body_structure, deliveries, envelope, header_message_id, header_octets, helo, id, mime_index, octets, origin, recipients, remote_address, reverse_path, state, tenant_id) on message to posthouse_imap
UPDATE (body_structure, envelope, header_message_id, header_octets, mime_index, octets, state) on message to posthouse_imap
INSERT (body, body_structure, body_type, deliveries, dsn_envid, dsn_ret, envelope, header_message_id, header_octets, helo, id, mime_index, octets, origin, recipients, remote_address, reverse_path, smtputf8, state, tenant_id) on message to posthouse_ingress
SELECT (id, state, tenant_id) on message to posthouse_ingress
UPDATE (body_structure, envelope, header_message_id, header_octets, mime_index, octets, state) on message to posthouse_ingress
SELECT (body, id, octets, tenant_id) on message to posthouse_pop3
SELECT (id, octets, reverse_path, tenant_id) on message to posthouse_worker
INSERT (message_id, number, octets, tenant_id) on message_chunk to posthouse_imap
INSERT (message_id, number, octets, tenant_id) on message_chunk to posthouse_ingress
SELECT (message_id, number, tenant_id) on message_chunk to posthouse_ingress
INSERT (id, name, parent_id, path) on tenant to posthouse_api
UPDATE (state) on tenant to posthouse_api
INSERT (folder_id, message_id, modseq, tenant_id, uid) on tombstone to posthouse_imap
INSERT (folder_id, message_id, modseq, tenant_id, uid) on tombstone to posthouse_pop3

/**
 * What row-level security costs the path of a message: `npm run build && node bench/policies.ts URL`. URL is that of the owner, a superuser, of an empty database on
 * this machine, of a server (PostgreSQL 18) that does nothing else. The real statements, under their roles and grants, with the policies and
 * without, in turns; blocks and time as auto_explain counts them.
 */
import { LOCAL_LANE, type MessageId } from '#domain';
import { roleUrl } from '#runtime';
import { Database, migrate, PgIntakeStore, PgQueueStores } from '#store';
import pg from 'pg';
import { DirectoryFixture } from '../libs/testing/src/directory-fixture.ts';
import { newId } from '../libs/store/src/new-id.ts';
import { PlanWatch, type Explained } from '../libs/store/src/plans/plan-watch.spec-helper.ts';
import { CLAIM } from '../libs/store/src/queue/claim.ts';
import { LOCK_LEASES, lockInboxes, lockUsage, SETTLE_PLACED } from '../libs/store/src/queue/statements.ts';
import { DIRECTORY_FACTS } from '../libs/store/src/directory/directory-facts.ts';
import { addBacklog } from './backlog.ts';

const [, , url] = process.argv;
if (url === undefined) throw new Error('usage: policies.ts URL');
const [TENANTS, MAILBOXES, BATCH, TURNS, PER_TURN] = [20, 500, 100, 4, 20];
const APPLICATION = 'policies';

await migrate(url);
const owner = new pg.Pool({ connectionString: url, max: 2 });
const directory = new DirectoryFixture(owner);
for (let at = 0; at < TENANTS; at++) {
  const tenantId = await directory.tenant(`bench${at}`);
  await directory.domain(`bench${at}.example`, { tenantId });
  for (let box = 0; box < MAILBOXES / TENANTS; box++) await directory.mailbox(`box${box}@bench${at}.example`);
}
await addBacklog(owner, 2 * BATCH * TURNS * (PER_TURN + 5), LOCAL_LANE);
await owner.query('vacuum analyze');
await PlanWatch.turnOn(owner);
const watch = new PlanWatch(APPLICATION);

const STEPS: readonly (readonly [string, readonly { text: string }[]])[] = [
  ['claim of 100', [CLAIM]],
  ['settle of 100: locks', [lockInboxes('wait'), lockUsage('wait'), LOCK_LEASES]],
  ['settle of 100: write', [SETTLE_PLACED]],
  ['facts of 100 RCPT', [DIRECTORY_FACTS]],
  ['commit of one message', []],
];
const isOf = (text: string, statements: readonly { text: string }[]): boolean =>
  statements.length > 0
    ? statements.some((one) => one.text.trim() === text.trim())
    : text.includes('insert into message ') && text.includes('insert into delivery');

const at = (role: 'posthouse_worker' | 'posthouse_ingress'): Database =>
  new Database({ url: roleUrl(url, role), name: APPLICATION, poolSize: 2 });

/** Of each step, the sums over its statements, one for each batch. */
type Figures = Map<string, { blocks: number; milliseconds: number }[]>;

async function turn(figures: Figures): Promise<void> {
  const [worker, ingress] = [at('posthouse_worker'), at('posthouse_ingress')];
  const queue = new PgQueueStores(worker).of('local');
  const intake = new PgIntakeStore(ingress);
  for (let batch = 0; batch < PER_TURN + 5; batch++) {
    const explained = await watch.during(async () => {
      const { deliveries } = await queue.claim(LOCAL_LANE, BATCH, 60);
      await queue.place(
        deliveries.map((delivery) => ({
          delivery,
          mailboxId: delivery.mailboxId ?? ('' as never),
          trace: Buffer.from('Return-Path: <a@b.example>\r\n'),
          retryAfter: 100,
        })),
      );
      const addresses = Array.from({ length: BATCH }, (_, n) => ({
        local: `box${n % (MAILBOXES / TENANTS)}`,
        domain: `bench${n % TENANTS}.example`,
      }));
      await queue.directoryFacts(addresses);
      const [delivery] = deliveries;
      if (!delivery?.domainId || !delivery.mailboxId) throw new Error('the backlog is used up');
      const local = delivery.recipient.split('@')[0] ?? '';
      await intake.commit({
        id: newId() as MessageId,
        reversePath: 'a@b.example',
        helo: 'h',
        remoteAddress: '192.0.2.1',
        bodyType: '7BIT',
        smtpUtf8: false,
        ret: undefined,
        envid: undefined,
        recipients: [
          {
            tenantId: delivery.tenantId,
            domainId: delivery.domainId,
            forwardPath: delivery.recipient,
            mailboxId: delivery.mailboxId,
            hold: undefined,
            notify: undefined,
            orcpt: undefined,
            basis: { row: { kind: 'address', local }, local },
          },
        ],
        digest: {
          octets: 20,
          headerOctets: 0,
          headerMessageId: undefined,
          envelope: '()',
          bodyStructure: '()',
          mimeIndex: '{}',
        },
        body: [Buffer.from('octets of a body\r\n\r\n')],
      });
    });
    // The first plans are made, and connections opened.
    if (batch >= 5)
      for (const [step, statements] of STEPS)
        note(
          figures,
          step,
          explained.filter(({ text }) => isOf(text, statements)),
        );
  }
  await Promise.all([worker.close(), ingress.close()]);
}

function note(figures: Figures, step: string, explained: readonly Explained[]): void {
  const of = figures.get(step) ?? [];
  of.push({
    blocks: explained.reduce((sum, { blocks }) => sum + blocks, 0),
    milliseconds: explained.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  });
  figures.set(step, of);
}

const tables = (
  await owner.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relrowsecurity order by 1`,
  )
).rows.map(({ name }) => name);
async function policies(verb: 'enable' | 'disable'): Promise<void> {
  for (const table of tables) await owner.query(`alter table ${table} ${verb} row level security`);
}

const [bound, free]: [Figures, Figures] = [new Map(), new Map()];
for (let number = 0; number < TURNS; number++) {
  await policies(number % 2 === 0 ? 'enable' : 'disable');
  await turn(number % 2 === 0 ? bound : free);
}
await policies('enable');

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? NaN;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say('| | with policies | without |');
say('| --- | --- | --- |');
for (const [step] of STEPS) {
  const shown = [bound, free].map((figures) => {
    const of = figures.get(step) ?? [];
    return `${median(of.map(({ milliseconds }) => milliseconds)).toFixed(2)} ms, ${median(of.map(({ blocks }) => blocks))} blocks`;
  });
  say(`| ${step} | ${shown.join(' | ')} |`);
}
watch.stop();
await owner.end();

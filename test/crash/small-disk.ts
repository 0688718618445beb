/** Disks that can be full: a real one where it may be mounted, and what PostgreSQL says on a full one where it may not. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CrashHouse } from './crash-house.ts';

/** What the mail of a house lies on. */
export interface Disk {
  fill(): Promise<void>;
  /** Room again. */
  free(): Promise<void>;
}

/** A tmpfs of its own. */
export class SmallDisk implements Disk {
  readonly folder: string;
  readonly #ballast: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#ballast = join(folder, 'ballast');
  }

  /** Undefined where nobody may mount one. */
  static mount(): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'posthouse-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=0711', 'tmpfs', folder], { stdio: 'ignore' });
      chmodSync(folder, 0o711);
      return new SmallDisk(folder);
    } catch {
      rmSync(folder, { recursive: true, force: true });
      return undefined;
    }
  }

  /** Takes every octet that is left. */
  async fill(): Promise<void> {
    const piece = Buffer.alloc(256 * 1024);
    try {
      for (;;) appendFileSync(this.#ballast, piece);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }

  async free(): Promise<void> {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Every statement that writes to a table of ours or of the doorbells fails as it does when the kernel says ENOSPC. */
const INJECT = `
create table disk (is_full boolean not null);
insert into disk values (false);
create function fail_when_full() returns trigger language plpgsql security definer set search_path = public as $$
begin
  if (select is_full from disk) then
    raise exception 'could not extend file "base/1/1": No space left on device' using errcode = 'disk_full';
  end if;
  return null;
end $$;
do $$
declare written regclass;
begin
  for written in
    select c.oid::regclass from pg_class c
     where c.relkind = 'r' and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
       and c.oid <> 'disk'::regclass
  loop
    execute format('create trigger full_disk before insert or update on %s for each statement execute function fail_when_full()', written);
  end loop;
end $$`;

/** The database of a house on a disk that is full when we say so. */
export class InjectedDisk implements Disk {
  readonly #house: CrashHouse;

  private constructor(house: CrashHouse) {
    this.#house = house;
  }

  static async under(house: CrashHouse): Promise<InjectedDisk> {
    await house.query(INJECT);
    return new InjectedDisk(house);
  }

  async fill(): Promise<void> {
    await this.#house.query('update disk set is_full = true');
  }

  async free(): Promise<void> {
    await this.#house.query('update disk set is_full = false');
  }
}

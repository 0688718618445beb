import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ensureBuilt } from '../../bin/ensure-built.js';
import { CrashHouse, CrashServer } from './crash-house.ts';
import { sendLoad } from './load.ts';
import { drained, judge } from './verdict.ts';

/** A small disk of our own, or undefined where nobody may mount one. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=0711', 'tmpfs', folder], { stdio: 'ignore' });
    chmodSync(folder, 0o711);
    return folder;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

/** Takes every octet that is left. */
function fill(file: string): void {
  const piece = Buffer.alloc(256 * 1024);
  try {
    for (;;) appendFileSync(file, piece);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

const disk = smallDisk();
if (disk === undefined)
  process.stdout.write('no tmpfs can be mounted here (not root?): the disk-full test is skipped\n');

test.runIf(disk !== undefined)(
  'a full disk refuses mail with 4xx, loses none, and the house recovers by itself when there is room',
  async () => {
    if (disk === undefined) throw new Error('unreachable');
    await ensureBuilt(fileURLToPath(new URL('../../', import.meta.url)));
    const server = await CrashServer.start(disk);
    const ballast = join(disk, 'ballast');
    try {
      const house = await CrashHouse.start(server, 'disk_full');
      const stop = new AbortController();
      const options = { port: house.port, connections: 10, recipients: house.addresses, signal: stop.signal };
      try {
        const before = await sendLoad({ ...options, messages: 200, prefix: 'before' });
        fill(ballast);
        const during = await sendLoad({ ...options, messages: 400, prefix: 'full' });
        rmSync(ballast);
        await drained(house);
        const after = await sendLoad({ ...options, messages: 200, prefix: 'after' });
        await drained(house);
        expect(before.accepted.size).toBe(200);
        expect(
          [...during.replies].filter((reply) => reply.startsWith('5')),
          'a full disk is never permanent',
        ).toEqual([]);
        expect(during.refused.size, 'the disk must really have been full').toBeGreaterThan(0);
        expect(after.accepted.size).toBeGreaterThan(0);
        for (const load of [before, during, after]) {
          const { lost, doubled, faults } = await judge(house, load);
          expect({ lost, doubled, faults }).toEqual({ lost: [], doubled: [], faults: [] });
        }
      } finally {
        stop.abort();
        await house.stop();
      }
    } finally {
      rmSync(ballast, { force: true });
      await server.stop();
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
    }
  },
);

import { expect, test } from 'vitest';
import { BellWatch } from './bell-watch.ts';
import { createLog } from './log.ts';
import { Metrics } from './metrics.ts';

function watched() {
  const lines: string[] = [];
  const metrics = new Metrics();
  const log = createLog({ level: 'info', format: 'json' }, { destination: { write: (line) => void lines.push(line) } });
  return {
    watch: new BellWatch(log, metrics),
    said: () => lines.splice(0).map((line) => (JSON.parse(line) as { msg: string }).msg),
    figure: async () => /^posthouse_doorbell_up\S* (\d)$/m.exec(await metrics.text())?.[1],
  };
}

const AWAY = 'Redis is away, and with it the doorbells: mail flows by the sweeper, slower';
const BACK = 'the doorbells on Redis ring again';

test('a loss is said once, whatever the number of connections and tries, and so is the return', async () => {
  const { watch, said, figure } = watched();
  const [one, two] = [watch.follow(), watch.follow()];
  expect(await figure()).toBeUndefined();
  one.up();
  two.up();
  expect([said(), await figure()]).toEqual([[], '1']);
  for (let tries = 0; tries < 3; tries++) for (const report of [one, two]) report.down('ECONNREFUSED');
  expect([said(), await figure()]).toEqual([[AWAY], '0']);
  one.up();
  expect([said(), await figure()]).toEqual([[], '0']);
  two.up();
  expect([said(), await figure()]).toEqual([[BACK], '1']);
  one.down('ECONNREFUSED');
  expect([said(), await figure()]).toEqual([[AWAY], '0']);
});

test('a connection that is closed on purpose is no loss, and its last words are not heard', () => {
  const { watch, said } = watched();
  const report = watch.follow();
  report.up();
  report.close();
  report.down('closed');
  report.up();
  expect(said()).toEqual([]);
});

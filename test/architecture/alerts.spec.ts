/** The alerts ask for metrics that exist, and send people to parts of the runbook that exist. */
import { readFile } from 'node:fs/promises';
import { Metrics } from '#runtime';
import { expect, test } from 'vitest';

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const rules = await read('infra/prometheus/posthouse.rules.yml');
const alerts = rules.split('- alert: ').slice(1);

test('each alert asks for a metric of ours, or whether we are there', async () => {
  const ours = (await new Metrics().registry.getMetricsAsJSON()).map(({ name }) => name);
  for (const alert of alerts) {
    const [name] = alert.match(/\bposthouse_\w+/) ?? alert.match(/\bup\b/) ?? expect.fail(alert);
    expect([...ours, 'up']).toContain(name.replace(/_(count|bucket|sum)$/, ''));
  }
});

test('each alert says which part of the runbook helps', async () => {
  const anchors = [...(await read('docs/runbook.md')).matchAll(/^## (.+)$/gm)].map(
    ([, title = '']) => `docs/runbook.md#${title.toLowerCase().replaceAll(' ', '-')}`,
  );
  expect(alerts.length).toBeGreaterThan(0);
  for (const alert of alerts) expect(anchors).toContain(/runbook: (\S+)/.exec(alert)?.[1]);
});

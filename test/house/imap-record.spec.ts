import { readdirSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { test } from 'vitest';
import { LineClient } from '#testing';
import { ImapHouse } from './imap.spec-helper.ts';
import { filled, parseTranscript, prepare } from './imap-transcript.spec-helper.ts';
test('record', async () => {
  const house = await ImapHouse.open();
  const only = process.env['ONLY'];
  for (const name of readdirSync('/tmp/imapscn')) {
    if (only && !name.startsWith(only)) continue;
    const text = readFileSync('/tmp/imapscn/' + name, 'utf8');
    const { world } = parseTranscript(text);
    const mailbox = await prepare(house, world);
    const app = await house.start({ POSTHOUSE_PLAINTEXT_AUTH: world.plaintext });
    const c = await LineClient.connect(app.port);
    const out: string[] = [];
    const head = text.split('\n').filter((l) => l.startsWith('#'));
    out.push(...head);
    out.push('S: ' + (await c.line()));
    const groups = text.split('\n').filter((l) => !l.startsWith('#')).join('\n').split(/\n\n/);
    let tag = '';
    for (const g of groups) {
      const lines = g.split('\n').filter((l) => l.startsWith('C:')).map((l) => l.slice(3));
      if (lines.length === 0) continue;
      for (const l of lines) { out.push('C: ' + l); const m = /^([a-d]\d+|\*|GET|Host:|Accept:)( |$)/.exec(l); if (m?.[1] && m[1] !== '*') tag = m[1]; }
      await c.send(lines.map((l) => filled(l, mailbox) + '\r\n').join(''));
      for (;;) {
        const line = await Promise.race([c.line(), new Promise<string>((r) => setTimeout(() => r('TIMEOUT'), 700))]);
        if (line === undefined) { out.push('S! closed'); break; }
        if (line === 'TIMEOUT') { out.push('!! TIMEOUT'); break; }
        out.push('S: ' + line);
        if (line.startsWith(tag + ' ') || line.startsWith('+ ') || line === '+ ' || line.startsWith('* BAD')) break;
      }
    }
    mkdirSync('test/transcripts/imap', { recursive: true });
    writeFileSync('test/transcripts/imap/' + name, out.join('\n').replaceAll(mailbox.address, '<user>') + '\n');
    c.reset();
    await app.context.close();
  }
  await house.db.drop();
}, 120000);

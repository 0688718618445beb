import { afterEach, describe, expect, test } from 'vitest';
import { fetchImap } from './imap-client.ts';
import { fetchPop3 } from './pop3-client.ts';
import { scriptedServers, type Answers } from './scripted.spec-helper.ts';
import { sendMail, toCrlf } from './smtp-client.ts';

const { scripted, close } = scriptedServers();
afterEach(close);

describe('SMTP', () => {
  const polite: Answers = [
    [/^EHLO/, '250-mail.example\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n'],
    [/^MAIL/, '250 2.1.0 ok\r\n'],
    [/^RCPT/, '250 2.1.5 ok\r\n'],
    [/^DATA$/, '354 go on\r\n'],
    [/^\.$/, '250 2.0.0 queued as msg_1\r\n'],
    [/^QUIT/, '221 2.0.0 bye\r\n'],
  ];

  test('hands over a message with every line end as CRLF and every dot stuffed', async () => {
    const server = await scripted('220 mail.example\r\n', polite);
    const sent = await sendMail(server, {
      from: 'a@b.example',
      to: ['c@d.example', 'e@d.example'],
      message: Buffer.from('.a\n..b\r\nc'),
    });
    expect(sent.reply).toBe('250 2.0.0 queued as msg_1');
    expect(server.heard).toEqual([
      'EHLO localhost',
      'MAIL FROM:<a@b.example> SIZE=12',
      'RCPT TO:<c@d.example>',
      'RCPT TO:<e@d.example>',
      'DATA',
      '..a',
      '...b',
      'c',
      '.',
      'QUIT',
    ]);
    expect(sent.dialogue.slice(0, 3)).toEqual(['S: 220 mail.example', 'C: EHLO localhost', 'S: 250-mail.example']);
  });

  test('declares eight bits and UTF-8 addresses where the server offers them', async () => {
    const server = await scripted('220 mail.example\r\n', polite);
    await sendMail(server, { from: '', to: ['jörg@d.example'], message: Buffer.from('é\r\n') });
    expect(server.heard[1]).toBe('MAIL FROM:<> SIZE=4 BODY=8BITMIME SMTPUTF8');
  });

  test('a refusal is given back in the words of the server', async () => {
    const server = await scripted('220 mail.example\r\n', [[/^RCPT/, '550 5.1.1 no such user\r\n'], ...polite]);
    const mail = { from: 'a@b.example', to: ['x@d.example'], message: Buffer.from('x') };
    await expect(sendMail(server, mail)).rejects.toMatchObject({
      message: 'SMTP refused: 550 5.1.1 no such user',
      exitCode: 1,
    });
  });

  test('nobody there', async () => {
    const server = await scripted('', []);
    const mail = { from: '', to: [], message: Buffer.alloc(0) };
    close();
    await expect(sendMail(server, mail)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringContaining('is the house running?'),
    });
  });

  test.each([
    ['a\rb\nc\r\nd', 'a\r\nb\r\nc\r\nd\r\n'],
    ['', '\r\n'],
    ['a\r\n', 'a\r\n'],
  ])('line ends of %j', (text, expected) => {
    expect(toCrlf(Buffer.from(text)).toString()).toBe(expected);
  });
});

const any = (): boolean => true;

describe('POP3', () => {
  const polite: Answers = [
    [/^USER/, '+OK\r\n'],
    [/^PASS/, '+OK\r\n'],
    [/^STAT/, '+OK 1 9\r\n'],
    [/^RETR/, '+OK\r\n..a\r\n\r\nb\r\n.\r\n'],
    [/^QUIT/, '+OK\r\n'],
  ];

  test('fetches what is there, unstuffed, and keeps the password out of the record', async () => {
    const server = await scripted('+OK ready\r\n', polite);
    const { message, dialogue } = await fetchPop3(server, { user: 'u@d', password: 'hunter2' }, any);
    expect(message?.toString()).toBe('.a\r\n\r\nb\r\n');
    expect(server.heard).toContain('PASS hunter2');
    expect(dialogue).toEqual([
      'S: +OK ready',
      'C: USER u@d',
      'S: +OK',
      'C: PASS ***',
      'S: +OK',
      'C: STAT',
      'S: +OK 1 9',
      'C: RETR 1',
      'S: +OK',
      'S: (9 octets)',
      'S: .',
      'C: QUIT',
      'S: +OK',
    ]);
  });

  test('looks from the newest on, until it has what is wanted', async () => {
    const server = await scripted('+OK\r\n', [
      [/^STAT/, '+OK 1000 9\r\n'],
      [/^RETR 998$/, '+OK\r\nwanted\r\n.\r\n'],
      ...polite,
    ]);
    const wanted = (message: Buffer): boolean => message.includes('wanted');
    const { message } = await fetchPop3(server, { user: 'u', password: 'p' }, wanted);
    expect(message?.toString()).toBe('wanted\r\n');
    expect(server.heard.slice(3)).toEqual(['RETR 1000', 'RETR 999', 'RETR 998', 'QUIT']);
  });

  test('gives up after the newest 20', async () => {
    const server = await scripted('+OK\r\n', [[/^STAT/, '+OK 30 9\r\n'], ...polite]);
    const { message } = await fetchPop3(server, { user: 'u', password: 'p' }, () => false);
    expect(message).toBeUndefined();
    expect(server.heard.filter((line) => line.startsWith('RETR'))).toEqual(
      Array.from({ length: 20 }, (_, older) => `RETR ${30 - older}`),
    );
  });

  test('a wrong password', async () => {
    const server = await scripted('+OK\r\n', [[/^PASS/, '-ERR [AUTH] no\r\n'], ...polite]);
    await expect(fetchPop3(server, { user: 'u', password: 'p' }, any)).rejects.toThrow('POP3 refused: -ERR [AUTH] no');
  });
});

describe('IMAP', () => {
  const polite: Answers = [
    [/^a1/, '* CAPABILITY IMAP4rev1\r\na1 OK in\r\n'],
    [/^a2/, '* 1 EXISTS\r\na2 OK done\r\n'],
    [/^a3/, '* 1 FETCH (UID 1 BODY[] {9}\r\n.a\r\n\r\nb\r\n)\r\na3 OK done\r\n'],
    [/^a4/, '* BYE\r\na4 OK bye\r\n'],
  ];

  test('reads literals as they are, and keeps the password out of the record', async () => {
    const server = await scripted('* OK ready\r\n', polite);
    const { message, dialogue } = await fetchImap(server, { user: 'u@d', password: 'hun"ter\\2' }, any);
    expect(message?.toString()).toBe('.a\r\n\r\nb\r\n');
    expect(server.heard[0]).toBe('a1 LOGIN "u@d" "hun\\"ter\\\\2"');
    expect(dialogue.join('\n')).not.toContain('ter');
    expect(dialogue).toContain('C: a1 LOGIN "u@d" ***');
  });

  test('looks from the newest on; an empty folder has nothing', async () => {
    const server = await scripted('* OK\r\n', [[/^a2/, '* 30 EXISTS\r\na2 OK done\r\n'], ...polite]);
    expect((await fetchImap(server, { user: 'u', password: 'p' }, () => false)).message).toBeUndefined();
    expect(server.heard.slice(2, 4)).toEqual(['a3 FETCH 30 (UID BODY.PEEK[])', 'a3 FETCH 29 (UID BODY.PEEK[])']);
    expect(server.heard.filter((line) => line.includes('FETCH'))).toHaveLength(20);
    const empty = await scripted('* OK\r\n', [[/^a2/, '* 0 EXISTS\r\na2 OK done\r\n'], ...polite]);
    expect((await fetchImap(empty, { user: 'u', password: 'p' }, any)).message).toBeUndefined();
  });

  test('an answer that never ends is given up', async () => {
    const server = await scripted(`* OK ${'x'.repeat(100_000)}`, polite);
    await expect(fetchImap(server, { user: 'u', password: 'p' }, any)).rejects.toThrow(
      'IMAP went away: its line never ends',
    );
  });
});

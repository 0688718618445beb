/**
 * A picture of a terminal from what was typed and printed there: `node infra/terminal-picture.ts < transcript > docs/first-mail.svg`. Lines that
 * begin with `$ ` were typed.
 */
import { readFileSync } from 'node:fs';

const LINE = 17;
const CHARACTER = 7.8;
const MARGIN = 16;
const COLOURS = { ground: '#1d2026', typed: '#9fd0ff', printed: '#d7dae0', frame: '#3a3f4b' } as const;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** @returns an SVG of as many columns and lines as the text has */
export function picture(transcript: string): string {
  const lines = transcript.trimEnd().split('\n');
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const rows = lines.map((line, at) => {
    const colour = line.startsWith('$ ') ? COLOURS.typed : COLOURS.printed;
    return `<text x="${MARGIN}" y="${MARGIN + (at + 0.75) * LINE}" fill="${colour}" xml:space="preserve">${escaped(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${COLOURS.ground}" stroke="${COLOURS.frame}"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

process.stdout.write(picture(readFileSync(0, 'utf8')));

/** Columns for people: as wide as their widest cell, numbers to the right, nothing drawn. */
export type Cell = string | number | undefined;

const shown = (cell: Cell): string => (cell === undefined ? '-' : String(cell));

/** Lines of a table with a head. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const cells = [head, ...rows.map((row) => row.map(shown))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => Array.from(row[column] ?? '').length)));
  const isNumeric = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  return cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, isNumeric[column] === true))
      .join('  ')
      .trimEnd(),
  );
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - Array.from(cell).length));
  return right ? space + cell : cell + space;
}

/** Lines of name and value, for one thing. */
export function facts(entries: readonly (readonly [string, Cell])[]): string[] {
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}`);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Octets as people read them. */
export function octets(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

const STEPS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** Seconds as people read them, in their largest unit. */
export function duration(seconds: number): string {
  const [unit, size] = STEPS.find(([, step]) => seconds >= step) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** Every piece of SQL that stands in a source file, found by the compiler's own parser: what is new is found without being announced. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import ts from 'typescript';

export interface SqlInSource {
  /** File and line. */
  readonly at: string;
  /** What stands between its insertions, in order. */
  readonly parts: readonly string[];
}

const BEGINS = /^\s*(with|select|insert into|update|delete from)\s/i;
const GOES_ON = /\b(from|into|set|as|values|select)\b/i;

const normalised = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** @param except files, as paths below the folder */
export async function sqlBelow(folder: string, except: readonly string[]): Promise<SqlInSource[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/\.spec(-helper)?\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !except.includes(relative(folder, file)));
  const found = await Promise.all(
    files.map(async (file) => sqlOf(relative(folder, file), await readFile(file, 'utf8'))),
  );
  return found.flat();
}

export function sqlOf(name: string, source: string): SqlInSource[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest);
  const found: SqlInSource[] = [];
  const visit = (node: ts.Node): void => {
    const parts = partsOf(node);
    if (parts && BEGINS.test(parts[0] ?? '') && GOES_ON.test(parts.join(' '))) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push({ at: `${name}:${line + 1}`, parts: parts.map(normalised).filter((part) => part !== '') });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function partsOf(node: ts.Node): string[] | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
  return undefined;
}

/** Whether it is, or is a part of, a statement that was executed. */
export function isIn({ parts }: SqlInSource, statement: string): boolean {
  const text = normalised(statement);
  let at = 0;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

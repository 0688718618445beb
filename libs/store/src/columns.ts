/** Rows to columns: a batch travels as one array per column and becomes rows again by unnest. */
export function columns<Row>(rows: readonly Row[], ...pick: readonly ((row: Row) => unknown)[]): unknown[][] {
  return pick.map((of) => rows.map(of));
}

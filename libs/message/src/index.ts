export * from './addresses.ts';
export { headerFields, unfold, type HeaderField } from './fields.ts';
export * from './limits.ts';
export * from './parameters.ts';
export * from './scanner.ts';
export * from './structure.ts';

export * from './line-cutter.ts';
export * from './dot-stuffer.ts';
export * from './data-limits.ts';
export * from './data-inspector.ts';
export * from './base64.ts';
export * from './sasl-plain.ts';
export * from './xtext.ts';
export * from './dot-unstuffer.ts';

#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { launch } from './launch.js';

const args = process.argv.slice(2);
// What serves, and what brings a database to this release: an old build would call it up to date.
const anew = ['up', 'database', 'migrate', 'restored'].some((word) => args.includes(word));
await launch('cli', { script: fileURLToPath(import.meta.url), args, anew });

#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { launch } from './launch.js';

await launch('cli', fileURLToPath(import.meta.url), process.argv.slice(2));

#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { launch } from './launch.js';

const args = process.argv.slice(2);
const serves = args.includes('up') || args.includes('database');
await launch('cli', { script: fileURLToPath(import.meta.url), args, serves });

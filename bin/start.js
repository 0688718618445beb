#!/usr/bin/env node
// npm run start:smtp and so on: one app as its own process.
import { fileURLToPath } from 'node:url';
import { fail } from './ensure-node24.js';
import { launch } from './launch.js';

const APPS = ['smtp', 'worker', 'pop3', 'imap', 'api'];
const [app = ''] = process.argv.slice(2);
if (!APPS.includes(app)) fail(`start.js takes one of ${APPS.join(', ')}`);
await launch(app, { script: fileURLToPath(import.meta.url), args: process.argv.slice(2), anew: true });

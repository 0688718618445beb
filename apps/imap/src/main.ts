import 'reflect-metadata';
import { migrateBells } from '#queue';
import { runApp } from '#runtime';
import { migrate } from '#store';
import { ImapModule } from './imap.module.ts';

await runApp('imap', ImapModule, { migrate: (url) => migrate(url, migrateBells) });

import 'reflect-metadata';
import { migrateBells } from '#queue';
import { runApp } from '#runtime';
import { migrate } from '#store';
import { SmtpModule } from './smtp.module.ts';

await runApp('smtp', SmtpModule, { migrate: (url) => migrate(url, migrateBells) });

import 'reflect-metadata';
import { migrateBells } from '#queue';
import { runApp } from '#runtime';
import { migrate } from '#store';
import { ApiModule } from './api.module.ts';

await runApp('api', ApiModule, { migrate: (url) => migrate(url, migrateBells) });

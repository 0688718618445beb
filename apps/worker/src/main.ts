import 'reflect-metadata';
import { migrateBells } from '#queue';
import { runApp } from '#runtime';
import { migrate } from '#store';
import { WorkerModule } from './worker.module.ts';

await runApp('worker', WorkerModule, { migrate: (url) => migrate(url, migrateBells) });

import 'reflect-metadata';
import { migrateBells } from '#queue';
import { runApp } from '#runtime';
import { migrate } from '#store';
import { Pop3Module } from './pop3.module.ts';

await runApp('pop3', Pop3Module, { migrate: (url) => migrate(url, migrateBells) });

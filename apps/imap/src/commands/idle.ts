import { bad, ok, type Question, type Reply } from '../reply.ts';

const WAITING: Question = {
  ask: 'idling',
  idle: true,
  answer: (line): Reply => (line.toString('latin1').toUpperCase() === 'DONE' ? ok('awake') : bad('expected DONE')),
};

/** RFC 2177; the driver tells what happens meanwhile. */
export const idle = (): Question => WAITING;

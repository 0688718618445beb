/** smtp-server's line parser with a data phase of ours: its own walks every octet, and takes a turn of the event loop for each dot. */
import { DotUnstuffer } from '#wire';
import type { SMTPServerDataStream } from 'smtp-server/lib/types.js';
import { PassThrough } from 'node:stream';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';

/**
 * Octets of a connection that wait, in its socket and again in its parser, for the command or the chunk in hand. They may have come one
 * by one, and a segment costs some hundred octets of memory whatever it holds: what waits longer stays in the kernel, which counts better.
 */
export const QUEUED_OCTETS = 4_096;

type Done = (error?: Error | null) => void;

export class DataParser extends SMTPStream {
  #unstuffer = new DotUnstuffer();

  constructor(maxCommandLength: number) {
    super({ maxCommandLength, highWaterMark: QUEUED_OCTETS });
  }

  override startDataMode(maxBytes?: number): SMTPServerDataStream {
    this.#unstuffer = new DotUnstuffer();
    super.startDataMode(maxBytes);
    // No queue behind the parser's own: one chunk is written, one waits to be read.
    return (this._dataStream = Object.assign(new PassThrough({ highWaterMark: 1 }), {
      byteLength: 0,
      sizeExceeded: false,
    }));
  }

  /** The end of data has not come yet. */
  get inData(): boolean {
    return this._dataMode;
  }

  /** What the client sent last has no line end: it is no command (RFC 5321 2.3.8). */
  override _flushData(): void {
    this._remainder = '';
  }

  /** Hands the message's octets on, with backpressure; at the end of data goes back to commands. */
  override _feedDataStream(chunk: Buffer, done: Done): void {
    const stream = this._dataStream;
    const { octets, rest } = this.#unstuffer.push(chunk);
    this._countDataBytes(octets.length);
    if (rest) this._endDataMode(octets, rest, done);
    else if (!stream || stream.destroyed || octets.length === 0 || stream.write(octets)) done();
    else {
      const resume = (): void => {
        stream.off('drain', resume);
        stream.off('close', resume); // a stream that was destroyed never drains
        done();
      };
      stream.once('drain', resume);
      stream.once('close', resume);
    }
  }
}

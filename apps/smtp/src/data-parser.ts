/** smtp-server's line parser with a data phase of ours: its own walks every octet, and takes a turn of the event loop for each dot. */
import { DotUnstuffer } from '#wire';
import type { SMTPServerDataStream } from 'smtp-server/lib/types.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';

type Done = (error?: Error | null) => void;

export class DataParser extends SMTPStream {
  #unstuffer = new DotUnstuffer();

  override startDataMode(maxBytes?: number): SMTPServerDataStream {
    this.#unstuffer = new DotUnstuffer();
    return super.startDataMode(maxBytes);
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

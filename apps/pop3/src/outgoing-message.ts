/** A message as RETR or TOP sends it: cut, dot-stuffed, terminated. */
import { TopCutter } from '#pop3';
import { DotStuffer } from '#wire';

export class OutgoingMessage {
  readonly #top: TopCutter | undefined;
  readonly #stuffer = new DotStuffer();

  /** @param lines of the body wanted; undefined: the whole message */
  constructor(lines: number | undefined) {
    this.#top = lines === undefined ? undefined : new TopCutter(lines);
  }

  /** No further octet of the message is wanted. */
  get done(): boolean {
    return this.#top?.done ?? false;
  }

  push(chunk: Buffer): Buffer {
    return this.#stuffer.push(this.#top ? this.#top.push(chunk) : chunk);
  }

  end(): Buffer {
    return this.#stuffer.end();
  }
}

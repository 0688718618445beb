import type { FrameEvent, TooLarge } from './frame-event.ts';
import { encodeTagged, encodeUntagged, type ResponseCode } from './responses/status.ts';

const TEXTS: Readonly<Record<TooLarge, string>> = {
  line: 'command line too long',
  literal: 'literal too large',
  literals: 'too many literals',
  'too-early': 'log in first',
};

/** The answer to what the framer refused, with CRLF: a tagged BAD, or the BYE to close with. */
export function encodeFrameRefusal(event: Extract<FrameEvent, { kind: 'too-large' | 'bye' }>): string {
  // RFC 7888 4
  const code: ResponseCode | undefined = event.what === 'literal' ? { code: 'TOOBIG' } : undefined;
  const text = TEXTS[event.what];
  if (event.kind === 'bye') return encodeUntagged('BYE', text, code);
  return event.tag === undefined ? encodeUntagged('BAD', text, code) : encodeTagged(event.tag, 'BAD', text, code);
}

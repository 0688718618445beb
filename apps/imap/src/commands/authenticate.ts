/** AUTHENTICATE PLAIN: RFC 3501 6.2.2, RFC 4616, RFC 4959. */
import type { Command } from '#imap';
import { decodeBase64, decodePlain } from '#wire';
import type { Client } from '../client.ts';
import { bad, no, type Answer, type Reply } from '../reply.ts';
import { PRIVACY_REQUIRED, type Login } from './login.ts';

const CANCELLED = bad('authentication cancelled');
const MALFORMED = bad('no PLAIN message in base64');
const OTHER_IDENTITY = no('AUTHORIZATIONFAILED', 'nobody may act for another');
const UNKNOWN_MECHANISM = no('CANNOT', 'the mechanism is not supported');

export const authenticate =
  (verify: Login) =>
  (client: Client, { mechanism, initial }: Extract<Command, { name: 'AUTHENTICATE' }>): Answer | Promise<Answer> => {
    if (mechanism !== 'PLAIN') return UNKNOWN_MECHANISM;
    if (!client.passwords) return PRIVACY_REQUIRED;
    const judge = (response: string): Reply | Promise<Reply> => {
      if (response === '*') return CANCELLED;
      const octets = decodeBase64(response);
      const plain = octets && decodePlain(octets);
      if (!plain) return MALFORMED;
      const { authzid, authcid, password } = plain;
      return authzid === '' || authzid === authcid ? verify(client, authcid, password) : OTHER_IDENTITY;
    };
    return initial === undefined ? { ask: '', answer: (line) => judge(line.toString('latin1')) } : judge(initial);
  };

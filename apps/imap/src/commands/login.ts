/** LOGIN and what AUTHENTICATE comes to: RFC 3501 6.2.2, 6.2.3. */
import type { LoginAttempt, LoginRefusal } from '#auth';
import { type Command, type CommandName } from '#imap';
import { reasonOf } from '#runtime';
import type { Client } from '../client.ts';
import { isOverload, replyToFault } from '../faults.ts';
import { no, ok, type Reply } from '../reply.ts';
import { announced } from './capability.ts';

/** RFC 5530 3. A throttled client learns no more than a wrong password would tell it, but that it should wait. */
const REFUSALS: Readonly<Record<LoginRefusal, Reply>> = {
  'bad-credentials': no('AUTHENTICATIONFAILED', 'wrong user or password'),
  disabled: no('CONTACTADMIN', 'the account is disabled'),
  'no-login': no('CONTACTADMIN', 'the account may not log in'),
  throttled: no('UNAVAILABLE', 'too many failed logins, try again later'),
};

export const PRIVACY_REQUIRED = no('PRIVACYREQUIRED', 'no passwords over an unencrypted connection');

export type Login = (client: Client, user: string, password: string) => Promise<Reply>;

/** @param registered the commands this server has: a login is answered with what can be done now */
export const loginWith =
  (registered: () => Iterable<CommandName>): Login =>
  async (client, user, password) => {
    const { connection, parts } = client;
    const { remoteAddress, id: conn } = connection;
    const { authenticator, log } = parts;
    try {
      const presence = connection.presence.bind(connection);
      const attempt: LoginAttempt = {
        login: user,
        password,
        remoteAddress,
        service: 'imap',
        presence,
        gone: connection.gone,
      };
      const verdict = await connection.attend(() => authenticator.verify(attempt));
      if (!verdict.ok) {
        const { why, login, mailbox } = verdict;
        log.info({ conn, remote: remoteAddress, login, mailbox, why }, 'login refused');
        return REFUSALS[why];
      }
      client.logIn(verdict);
    } catch (error) {
      log.warn({ conn, reason: reasonOf(error), busy: isOverload(error) }, 'a login could not be judged');
      return replyToFault(error);
    }
    const capabilities = announced('authenticated', client.passwords, registered());
    return ok('logged in', { code: 'CAPABILITY', capabilities });
  };

export const login =
  (verify: Login) =>
  (client: Client, { user, password }: Extract<Command, { name: 'LOGIN' }>): Reply | Promise<Reply> =>
    client.passwords ? verify(client, user, password) : PRIVACY_REQUIRED;

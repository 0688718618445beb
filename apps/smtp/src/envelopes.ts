/** The memory of envelopes that are being collected, from the first RCPT until the message is stored or given up. */
import type { OctetBudget } from '#runtime';
import { recipientKey, takeRecipient, type AcceptedRecipient, type Transaction } from './smtp-session.ts';

/** Octets of all envelopes of a process: some sixty clients may collect a thousand recipients each with all that ORCPT takes. */
export const ENVELOPE_BUDGET = 128 * 1024 * 1024;
/** Octets a recipient holds beside its command: what was parsed of it, and its place in lists. */
const RECIPIENT_OCTETS = 1_024;

/**
 * One recipient of each transaction is taken whatever the others hold: connections are counted elsewhere, and mail goes on, one recipient at
 * a time, while somebody fills the budget (RFC 5321 4.5.3.1.10: the client sends to the rest in another transaction).
 */
export class Envelopes {
  readonly #budget: OctetBudget;

  constructor(budget: OctetBudget) {
    this.#budget = budget;
  }

  /** False: there is no room for it now. @param command octets of the RCPT: its parts keep all of it in memory, at two octets a character */
  take(transaction: Transaction, recipient: AcceptedRecipient, command: number): boolean {
    const octets = RECIPIENT_OCTETS + 2 * command;
    if (transaction.addresses.has(recipientKey(recipient.path))) {
      takeRecipient(transaction, recipient);
      return true;
    }
    if (transaction.recipients.length === 0) this.#budget.take(octets);
    else if (!this.#budget.tryTake(octets)) return false;
    transaction.octets += octets;
    takeRecipient(transaction, recipient);
    return true;
  }

  /** Gives back what it holds, once. */
  release(transaction: Transaction): void {
    this.#budget.give(transaction.octets);
    transaction.octets = 0;
  }
}

/** RFC 5321 4.5.3.1.1, octets; of a forward-path. Reverse-paths of forwarders (SRS, VERP) are longer in real life. */
export const MAX_LOCAL_PART = 64;
/** RFC 5321 4.5.3.1.2, octets. */
export const MAX_DOMAIN = 255;
/** RFC 5321 4.5.3.1.3, octets, angle brackets included. */
export const MAX_PATH = 256;
/** RFC 3461 4.4, octets of the xtext form. */
export const MAX_ENVID = 100;
/** RFC 3461 4.2, octets of the whole value, the address in its xtext form. */
export const MAX_ORCPT = 500;
/** Parameters of one MAIL or RCPT command: more than all that exist. */
export const MAX_PARAMETERS = 20;

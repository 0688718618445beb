export { AuthModule } from './auth.module.ts';
export {
  Authenticator,
  type LoginAttempt,
  type LoginRefusal,
  type LoginVerdict,
  type Service,
} from './authenticator.ts';
export { LiveSessions, type LetIn, type Revocation } from './live-sessions.ts';
export { LoginsBusy } from './gate.ts';
export * from './limits.ts';
export { ARGON2, hashPassword } from './password.ts';
export { isLoopback, plaintextAllowed, remoteNetwork } from './remote-network.ts';

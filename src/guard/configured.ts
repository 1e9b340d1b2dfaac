/** Whether anybody is asked for credentials. It loads nothing: a CGI process that asks nobody pays for no more. */
import type { AuthenticationSettings } from './authentication.js';

export function asksForCredentials(settings: Omit<AuthenticationSettings, 'title'>): boolean {
  const { htpasswdFile, jwtJwks, tokens = false, trustRemoteUser = false } = settings;
  return htpasswdFile !== undefined || jwtJwks !== undefined || tokens || trustRemoteUser;
}

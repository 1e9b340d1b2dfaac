/** Nobody but this machine is served by a bus that asks for no credentials, unless somebody says so. */
import { ConfigError, type Settings } from '../config.js';
import type { PassedSocket } from '../gateway/passed.js';

/**
 * @param passed the socket that is listened on, where systemd opened it
 * @throws ConfigError when others could come, and nobody would be asked who they are
 */
export function refuseExposure(settings: Settings, passed?: PassedSocket): void {
  const { allowAnonymous, gateway, host, socket } = settings;
  if (allowAnonymous) return;
  const own = gateway === 'http' ? host : gateway === 'fastcgi' ? hostOf(socket) : undefined;
  const at = passed === undefined ? own : passed.at?.host;
  if (at === undefined || isLoopback(at)) return;
  const alone = gateway === 'http' ? '--host 127.0.0.1' : '--socket PATH';
  const option = passed?.at === undefined ? alone : `ListenStream=127.0.0.1:${passed.at.port}`;
  const here = `listening on ${at} is for others, too`;
  // Whoever gets to a FastCGI socket says who was verified; it must be the web server alone.
  if (gateway === 'fastcgi' && settings.trustRemoteUser) {
    throw new ConfigError(
      `${here}, and trust-remote-user would believe whatever user they name; keep to ${option}, or let them: --allow-anonymous`,
    );
  }
  const { htpasswdFile, jwtJwks, tokens = false } = settings;
  if (htpasswdFile !== undefined || jwtJwks !== undefined || tokens) return;
  throw new ConfigError(
    `${here}, and nobody would be asked for credentials; ask for them (--htpasswd-file, --tokens or --jwt-jwks), ` +
      `keep to this machine (${option}), or let everybody in: --allow-anonymous`,
  );
}

/** The host of a FastCGI socket; undefined for a path, and for a socket that somebody else opened. */
function hostOf(socket: string | undefined): string | undefined {
  const [, host, port] = /^(?:([^/]*):)?(\d+)$/.exec(socket ?? '') ?? [];
  if (port === undefined) return undefined;
  return host === undefined ? '127.0.0.1' : host.replace(/^\[|\]$/g, '') || '0.0.0.0';
}

function isLoopback(host: string): boolean {
  return /^(localhost|(::ffff:)?127(\.\d{1,3}){3}|::1|0:0:0:0:0:0:0:1)$/i.test(host);
}

/** The CGI script's way in: the configuration from the environment and the file, never the command line. */
import { AtomMQ } from '../bus.js';
import { ConfigError, resolveSettings, type Settings } from '../config.js';
import { serveCgi } from '../gateway/cgi.js';

/**
 * Serves the one request; a configuration or a database that will not do is a 503 and a line in the web server's log.
 * @param options `sqliteOnly`: this is the bundle, which has no other database
 * @returns the exit code; undefined, with nothing read or written, where the bundle will not do
 */
export async function main(options: { sqliteOnly?: boolean } = {}): Promise<number | undefined> {
  try {
    const { settings } = resolveSettings({ env: process.env });
    if (options.sqliteOnly === true && settings.database.client !== 'sqlite3') return undefined;
    return await serveOne(settings);
  } catch (error) {
    // The web server's log is where an administrator looks; the client learns only that it failed.
    process.stderr.write(`atommq.cgi: ${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    const body =
      '{"type":"urn:atommq:problem:unavailable","title":"Unavailable","status":503,"detail":"AtomMQ could not start."}\n';
    process.stdout.write(
      `Status: 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nRetry-After: 10\r\n\r\n${body}`,
    );
    return 0;
  }
}

/** Serves the one request by settings that are resolved. */
export async function serveOne(settings: Settings): Promise<number> {
  // Knex prints its warnings to standard output, where they would come before our headers.
  console.log = console.error;
  const bus = await AtomMQ.from(settings, console.error, { runOnce: true });
  const allowsHost =
    settings.allowedHosts.length === 0
      ? undefined
      : (await import('../gateway/hosts.js')).hostRule({ ...settings, host: undefined });
  await serveCgi(bus.app, { ...settings, allowsHost, refuse: bus.refuse });
  return 0;
}

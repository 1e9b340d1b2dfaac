/** The CGI script's way in: the configuration from the environment and the file, never the command line. */
import { AtomMQ } from '../bus.js';
import { ConfigError, resolveSettings } from '../config.js';
import { serveCgi } from '../gateway/cgi.js';

/** @returns the exit code */
export async function main(): Promise<number> {
  try {
    const { settings } = resolveSettings({ env: process.env });
    const bus = await AtomMQ.from(settings);
    await serveCgi(bus.app, settings);
    return 0;
  } catch (error) {
    // The web server's log is where an administrator looks; the client learns only that it failed.
    process.stderr.write(`atommq.cgi: ${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
    const body =
      '{"type":"urn:atommq:problem:unavailable","title":"Unavailable","status":503,"detail":"AtomMQ could not start."}\n';
    process.stdout.write(
      `Status: 503\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nRetry-After: 10\r\n\r\n${body}`,
    );
    return 0;
  }
}

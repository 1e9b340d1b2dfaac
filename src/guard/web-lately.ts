/** The guard against other sites for a process that serves one request: loaded only where a browser may have sent it for one. */
import type { Guard } from '../http.js';
import type { WebOptions } from './web.js';

export function keepSitesLately(options: WebOptions): Guard {
  return (app) => async (request) => {
    const { origin, 'sec-fetch-site': site } = request.headers;
    if (origin === undefined && site === undefined && options.corsOrigins.length === 0) return app(request);
    return (await import('./web.js')).keepSites(options)(app)(request);
  };
}

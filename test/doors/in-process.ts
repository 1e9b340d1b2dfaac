/** The application by itself: no transport but the rules by which gateways read addresses. */
import { AtomMQ } from '../../src/bus.js';
import { resolveSettings } from '../../src/config.js';
import { Addresses } from '../../src/gateway/address.js';
import { type App, HttpRequest, type HttpResponse } from '../../src/http.js';
import { problem } from '../../src/problem.js';
import { type Ask, answered } from '../client.js';
import { type DoorKind, variables } from './door.js';

export const inProcess: DoorKind = {
  name: 'in process',
  needs: [],
  overHttp: false,
  async start(options) {
    const bus = await AtomMQ.from(resolveSettings({ env: variables(options) }).settings);
    return {
      name: 'in process',
      base: 'http://127.0.0.1:80/atommq',
      port: undefined,
      ask: askApp(bus.app),
      stop: () => bus.close(),
    };
  },
};

function askApp(app: App): Ask {
  const addresses = new Addresses({ mount: '/atommq', trustedProxies: [], trustRemoteUser: false });
  return async (method, path, { headers: sent = {}, body } = {}) => {
    const headers = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]));
    const pieces = body === undefined ? [] : Array.isArray(body) ? body : [Buffer.from(body)];
    let response: HttpResponse;
    try {
      const address = addresses.of({
        uri: path,
        scriptName: undefined,
        pathInfo: undefined,
        queryString: undefined,
        headers,
        secure: false,
        authority: '127.0.0.1:80',
        remoteAddress: '127.0.0.1',
      });
      response = await app(
        new HttpRequest({
          method,
          ...address,
          headers,
          body: (async function* () {
            yield* pieces;
          })(),
          nature: { runOnce: false, multiprocess: false },
        }),
      );
    } catch (error) {
      response = problem(error);
    }
    const parts: Buffer[] = [];
    if (typeof response.body === 'string' || response.body instanceof Uint8Array)
      parts.push(Buffer.from(response.body));
    else if (response.body !== undefined) for await (const part of response.body) parts.push(Buffer.from(part));
    const bodiless = method === 'HEAD' || response.status === 304;
    return answered(response.status, response.headers, bodiless ? Buffer.alloc(0) : Buffer.concat(parts));
  };
}

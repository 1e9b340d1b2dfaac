/** Where there are rules of access, whoever has not been named by then is nobody who is known. */
import type { App } from '../http.js';

export function withCaller(app: App): App {
  return (request) => {
    request.caller ??= { name: undefined, groups: [] };
    return app(request);
  };
}

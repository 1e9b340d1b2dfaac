/**
 * What keeps pages of other sites, which a browser shows to somebody who may use the bus, from using it: they read only
 * where `cors-origins` names them (https://fetch.spec.whatwg.org/#http-cors-protocol), and change nothing by a form.
 */
import { type App, type Guard, HttpError, type HttpRequest, type HttpResponse } from '../http.js';

export interface WebOptions {
  /** Origins of pages that may use the bus; `*` is all, without credentials. */
  corsOrigins: string[];
  /** Our own address, where a request does not tell it. */
  baseUrl?: string | undefined;
}

/** What a form, or a script without leave, can send (https://fetch.spec.whatwg.org/#cors-safelisted-request-header). */
const SIMPLE = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', '']);
/** Fields of our answers that scripts want and browsers keep from them. */
const EXPOSED =
  'ETag, Link, Location, Content-Location, Allow, Accept-Post, AtomMQ-Up-To-Date, Preference-Applied, Idempotency-Replayed, Retry-After, IM, WWW-Authenticate';
const METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS';
const REQUEST_FIELDS =
  'Accept, A-IM, Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Last-Event-ID, Prefer, Range, Slug, traceparent, X-Request-ID';
/** For so long a browser need not ask again, in seconds. */
const PREFLIGHT_AGE = '7200';

/** Requests that no browser sends for a page, and answers that do not depend on one, pass at the cost of two look-ups. */
export function keepSites({ corsOrigins, baseUrl }: WebOptions): Guard {
  const sites = new Sites(corsOrigins, baseUrl);
  return (app) => (request) => {
    const { headers } = request;
    if (headers.origin === undefined && headers['sec-fetch-site'] === undefined && !sites.vary) return app(request);
    return sites.answer(app, request);
  };
}

class Sites {
  readonly #listed: ReadonlySet<string>;
  readonly #anyOrigin: boolean;
  readonly #ownHost: string | undefined;
  /** Answers differ by origin, so that caches must keep them apart. */
  readonly vary: boolean;

  constructor(origins: string[], baseUrl: string | undefined) {
    this.#listed = new Set(origins.filter((origin) => origin !== '*'));
    this.#anyOrigin = origins.includes('*');
    this.#ownHost = hostOf(baseUrl);
    this.vary = this.#listed.size > 0;
  }

  async answer(app: App, request: HttpRequest): Promise<HttpResponse> {
    const { method, headers: asked } = request;
    const permission = asked.origin === undefined ? undefined : this.#permission(asked.origin);
    if (permission !== undefined && method === 'OPTIONS' && asked['access-control-request-method'] !== undefined) {
      return { status: 204, headers: this.#marked({ ...permission, ...PREFLIGHT }) };
    }
    if (isSimple(request) && this.#isForeign(request) && !this.#mayChange(request, permission)) {
      throw new HttpError(
        403,
        'A page of another site may not change anything here by what a form can send; cors-origins may name the site.',
      );
    }
    const response = await app(request);
    if (permission === undefined && !this.vary) return response;
    // Not in place: the fields may be shared by many answers.
    const exposed = permission === undefined ? {} : { ...permission, 'access-control-expose-headers': EXPOSED };
    return { ...response, headers: this.#marked({ ...response.headers, ...exposed }) };
  }

  #marked(headers: HttpResponse['headers']): HttpResponse['headers'] {
    if (this.vary) headers.vary = headers.vary === undefined ? 'Origin' : `${headers.vary}, Origin`;
    return headers;
  }

  /** Where every page may, none may with what a browser adds by itself for whoever sits before it. */
  #mayChange({ headers, user }: HttpRequest, permission: Record<string, string> | undefined): boolean {
    if (permission === undefined) return false;
    if (this.#listed.has(headers.origin ?? '')) return true;
    return headers.authorization === undefined && headers.cookie === undefined && user === undefined;
  }

  /** The fields that let a page of this origin read; undefined where it may not, or is our own. */
  #permission(origin: string): Record<string, string> | undefined {
    // Only the exact word, and only for those that are named: any other page gets no credentials along.
    if (this.#listed.has(origin)) {
      return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
    }
    return this.#anyOrigin ? { 'access-control-allow-origin': '*' } : undefined;
  }

  /** Whether a page that is not ours sends this: the browser says so itself, or else its origin does. */
  #isForeign({ headers, base }: HttpRequest): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site !== 'same-origin' && site !== 'none';
    // The scheme is left out: a proxy that ends TLS need not tell us of it.
    const host = hostOf(headers.origin);
    return host === undefined || (host !== hostOf(base) && host !== this.#ownHost);
  }
}

const PREFLIGHT = {
  'access-control-allow-methods': METHODS,
  'access-control-allow-headers': REQUEST_FIELDS,
  'access-control-max-age': PREFLIGHT_AGE,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** It changes something, and a browser sends it for a page without asking first whether it may. */
function isSimple({ method, headers }: HttpRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return false;
  return SIMPLE.has((headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase());
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : undefined;
}

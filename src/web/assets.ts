/** What pages load: two style sheets, a script and an icon, each at an address that names its text. */
import { hash } from 'node:crypto';
import { HttpError, type HttpRequest, type HttpResponse } from '../http.js';
import { NO_SNIFFING } from '../resource/context.js';
import { type Representation, respond } from '../resource/representation.js';
import { CONTENT_STYLE } from './assets/content.js';
import { ICON } from './assets/icon.js';
import { SCRIPT } from './assets/script.js';
import { STYLE } from './assets/style.js';

interface Asset extends Representation {
  /** The last segment of its address. */
  file: string;
}

const asset = (name: string, extension: string, type: string, text: string): Asset => {
  const mark = hash('sha256', text, 'hex').slice(0, 12);
  return {
    file: `${name}-${mark}.${extension}`,
    tag: `"a.${mark}"`,
    headers: { 'content-type': type, ...NO_SNIFFING },
    body: Buffer.from(text),
    modified: undefined,
  };
};

/** Every asset by the name that its address begins with. */
const ASSETS = {
  page: asset('page', 'css', 'text/css; charset=utf-8', STYLE),
  content: asset('content', 'css', 'text/css; charset=utf-8', CONTENT_STYLE),
  script: asset('script', 'js', 'text/javascript; charset=utf-8', SCRIPT),
  icon: asset('icon', 'svg', 'image/svg+xml', ICON),
};

/** The address of an asset. @param root the path of the mount point */
export function assetPath(root: string, name: keyof typeof ASSETS): string {
  return `${root}/assets/${ASSETS[name].file}`;
}

/**
 * `GET` and `HEAD` of an asset, which may be kept for ever. A page of another version asks for another text: it gets ours,
 * for now.
 */
export async function readAsset(request: HttpRequest, file: string): Promise<HttpResponse> {
  const name = /^[a-z]+/.exec(file)?.[0] ?? '';
  if (!Object.hasOwn(ASSETS, name)) throw new HttpError(404, `There is no asset ${JSON.stringify(file.slice(0, 80))}.`);
  const found: Asset = ASSETS[name as keyof typeof ASSETS];
  const caching = found.file === file ? 'public, max-age=31536000, immutable' : 'no-cache';
  const headers = { ...found.headers, 'cache-control': caching, vary: 'Accept-Encoding' };
  return respond(request, { ...found, headers });
}

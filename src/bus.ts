/** Composition: configuration, store, application; what a program embeds. */
import type { App } from './http.js';

export class AtomMQ {
  readonly app: App = async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'AtomMQ\n' });
  static async open(_options: Record<string, unknown>): Promise<AtomMQ> {
    return new AtomMQ();
  }
  async close(): Promise<void> {}
}

/** A bus in this process that may deliver to this machine, and requests to its hub. */
import { join } from 'node:path';
import { AtomMQ } from '../../src/bus.js';
import type { OptionKey } from '../../src/config/options.js';
import { type Answer, type Client, inProcess, temporaryFolder } from '../fixture.js';
import { type Callback, until } from './callback.js';

export const BASE = 'http://localhost/atommq';

let folder: string | undefined;
let buses = 0;

export interface OpenBus {
  bus: AtomMQ;
  request: Client;
  database: string;
  /** `POST` of a form to the hub. */
  hub(form: Record<string, string>): Promise<Answer>;
  /** Publishes entries with these ids, one after the other. */
  publish(feed: string, ...ids: string[]): Promise<void>;
  /** Subscribes a callback, and resolves when it is in force. */
  subscribe(feed: string, callback: Callback, form?: Record<string, string>): Promise<void>;
}

export async function openBus(options: Partial<Record<OptionKey, unknown>> = {}): Promise<OpenBus> {
  folder ??= temporaryFolder();
  buses += 1;
  const database = String(options.database ?? join(folder, `${buses}.db`));
  const bus = await AtomMQ.open({ websubAllow: ['127.0.0.0/8'], ...options, database });
  const request = inProcess(bus.app, BASE);
  const hub = (form: Record<string, string>) => askHub(request, form);
  return {
    bus,
    request,
    database,
    hub,
    async publish(feed, ...ids) {
      for (const id of ids) await bus.publish(feed, `<entry><id>${id}</id><title>t</title></entry>`);
    },
    async subscribe(feed, callback, form = {}) {
      const asked = { 'hub.topic': `${BASE}/feed=${feed}`, 'hub.callback': callback.url(), ...form };
      const before = await leaseOf(bus, asked);
      const { status, body } = await hub({ 'hub.mode': 'subscribe', ...asked });
      if (status !== 202) throw new Error(`${status} ${body}`);
      await until(async () => (await leaseOf(bus, asked)) > before);
    },
  };
}

/** `POST` of a form to the hub. */
export function askHub(request: Client, form: Record<string, string>): Promise<Answer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return request('POST', '/hub', { body: new URLSearchParams(form).toString(), headers });
}

/** When the lease of a subscription ends; 0 where there is none. */
async function leaseOf(bus: AtomMQ, asked: Record<string, string>): Promise<number> {
  for await (const { topic, callback, leaseUntil } of bus.subscriptions()) {
    if (topic === asked['hub.topic'] && callback === asked['hub.callback']) return leaseUntil.getTime();
  }
  return 0;
}

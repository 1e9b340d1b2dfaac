/** `atommq subscriptions`: who subscribes by WebSub, and how their deliveries go. */
import type { SubscriptionView } from '../bus.js';
import type { Resolved } from '../config.js';
import { withBus } from './with-bus.js';

/** @returns the exit code */
export function listSubscriptions({ settings }: Resolved, json: boolean): Promise<number> {
  return withBus(settings, async (bus) => {
    const all = [];
    for await (const one of bus.subscriptions()) {
      if (json) all.push(one);
      else process.stdout.write(`${lineOf(one)}\n`);
    }
    if (json) process.stdout.write(`${JSON.stringify(all)}\n`);
    return 0;
  });
}

function lineOf({ state, topic, callback, leaseUntil, position, failures, error }: SubscriptionView): string {
  const trouble = failures > 0 ? `, ${failures} failures, the last: ${error}` : '';
  return `${state.padEnd(8)} ${topic} -> ${callback} (at ${position}, until ${leaseUntil.toISOString()}${trouble})`;
}

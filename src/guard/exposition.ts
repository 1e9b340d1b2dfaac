/** Metrics as text for Prometheus, by prom-client: what several processes counted as one, and the figures of this one. */
import prometheus from 'prom-client';
import type { Family } from './counts.js';

/** When the first of all processes began is when the server did. */
const AGGREGATORS: Record<string, Family['aggregator']> = { process_start_time_seconds: 'min' };

/** CPU, memory, descriptors and event loop of this process. */
export class Figures {
  readonly #registry = new prometheus.Registry();

  constructor() {
    prometheus.collectDefaultMetrics({ register: this.#registry });
  }

  async families(): Promise<Family[]> {
    const families = (await this.#registry.getMetricsAsJSON()) as unknown as Family[];
    return families.map((family) => ({ ...family, aggregator: AGGREGATORS[family.name] ?? family.aggregator }));
  }
}

/** @param gone parts of processes that are no more: what they have counted still counts, how they stood does not */
export async function exposition(parts: Family[][], gone: Family[][]): Promise<{ text: string; contentType: string }> {
  const registry = summed([...parts, ...gone.map(lasting)]);
  return { text: await registry.metrics(), contentType: registry.contentType };
}

/** What is to be kept of processes that are gone, in one part. */
export async function kept(gone: Family[][]): Promise<Family[]> {
  return (await summed(gone.map(lasting)).getMetricsAsJSON()) as unknown as Family[];
}

function lasting(part: Family[]): Family[] {
  return part.filter(({ type }) => type === 'counter' || type === 'histogram');
}

function summed(parts: Family[][]): prometheus.Registry {
  return prometheus.AggregatorRegistry.aggregate(parts);
}

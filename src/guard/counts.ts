/** Plain numbers that are counted up in the midst of work, and read as families of metrics when somebody asks. */

/** One number of a family, in the form of prom-client's JSON. */
export interface Sample {
  value: number;
  labels: Record<string, string | number>;
  /** Where it is not the family's name: `…_bucket`, `…_sum`, `…_count`. */
  metricName?: string;
}

/** All numbers of one name, and how those of several processes make one. */
export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram' | 'summary';
  aggregator: 'sum' | 'first' | 'min' | 'max' | 'average' | 'omit';
  values: Sample[];
}

type Labels = Record<string, string>;

export function gauge(name: string, help: string, value: number): Family {
  return { name, help, type: 'gauge', aggregator: 'sum', values: [{ value, labels: {} }] };
}

export function counter(name: string, help: string, values: Sample[]): Family {
  return { name, help, type: 'counter', aggregator: 'sum', values };
}

export function histogram(name: string, help: string, parts: [Labels, Distribution][]): Family {
  const values = parts.flatMap(([labels, distribution]) => distribution.samples(name, labels));
  return { name, help, type: 'histogram', aggregator: 'sum', values };
}

/** Counts by one label of few values. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(value: string): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  samples(label: string): Sample[] {
    return [...this.#counts].map(([value, count]) => ({ value: count, labels: { [label]: value } }));
  }
}

/** Bounds of times, in seconds. */
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often a number was at most each of some bounds. */
export class Distribution {
  readonly #bounds: number[];
  /** By the first bound that is not below; the last one is for what is above all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: number[]) {
    this.#bounds = bounds;
    this.#counts = Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > this.#bounds[at]!) at += 1;
    this.#counts[at]! += 1;
    this.#sum += value;
  }

  /** As histograms are written: each bucket with all that are below it. */
  samples(name: string, labels: Labels): Sample[] {
    let total = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, i) => {
      total += this.#counts[i]!;
      return { value: total, labels: { le, ...labels }, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { value: this.#sum, labels, metricName: `${name}_sum` },
      { value: total, labels, metricName: `${name}_count` },
    ];
  }
}

/** Methods that are counted by name; a client may make up any. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

/** What is counted of one route and method. */
interface Requests {
  route: string;
  method: string;
  /** By status. */
  statuses: Map<number, number>;
  seconds: Distribution;
}

/** Requests by route, method and status. */
export class RequestCounts {
  readonly #routes = new Map<string, Map<string, Requests>>();

  /** @param seconds undefined where the time says nothing of us */
  add(route: string, method: string, status: number, seconds: number | undefined): void {
    const requests = this.#of(route, method);
    requests.statuses.set(status, (requests.statuses.get(status) ?? 0) + 1);
    if (seconds !== undefined) requests.seconds.add(seconds);
  }

  families(): Family[] {
    const all = [...this.#routes.values()].flatMap((methods) => [...methods.values()]);
    return [
      counter(
        'atommq_requests_total',
        'Requests answered, by route, method and status.',
        all.flatMap(({ route, method, statuses }) =>
          [...statuses].map(([status, value]) => ({ value, labels: { route, method, status: String(status) } })),
        ),
      ),
      histogram(
        'atommq_request_duration_seconds',
        'Time until an answer was begun, without requests that waited for entries.',
        all.map(({ route, method, seconds }) => [{ route, method }, seconds]),
      ),
    ];
  }

  #of(route: string, method: string): Requests {
    let methods = this.#routes.get(route);
    if (methods === undefined) {
      methods = new Map();
      this.#routes.set(route, methods);
    }
    const known = methods.get(method);
    if (known !== undefined) return known;
    if (!METHODS.has(method)) return method === 'other' ? this.#make(methods, route, method) : this.#of(route, 'other');
    return this.#make(methods, route, method);
  }

  #make(methods: Map<string, Requests>, route: string, method: string): Requests {
    const made = { route, method, statuses: new Map<number, number>(), seconds: new Distribution(SECONDS) };
    methods.set(method, made);
    return made;
  }
}

/** A process works on so many requests at the same time, and no more: 503 for the rest, but for questions after its health. */
import { type Guard, HttpError, type HttpRequest, type Places } from '../http.js';

/** The places for requests that are worked on; those that wait for their body or for news have none. */
export class Working implements Places {
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  enter(request: HttpRequest): void {
    if (this.#count >= this.#most) {
      throw new HttpError(503, `${this.#most} requests are worked on here already (max-requests); try again.`, {
        // Not all at the same moment.
        headers: { 'retry-after': String(1 + Math.floor(Math.random() * 4)) },
      });
    }
    this.#count += 1;
    request.hasPlace = true;
  }

  leave(request: HttpRequest): void {
    if (request.hasPlace) this.#count -= 1;
    request.hasPlace = false;
  }
}

export function limitInFlight(most: number): Guard {
  const places = new Working(most);
  return (app) => async (request) => {
    if (request.path.startsWith('/health/')) return app(request);
    try {
      places.enter(request);
      request.places = places;
      return await app(request);
    } finally {
      places.leave(request);
    }
  };
}

/** The one table of requests that a web server answers itself, before us, whatever it is told. */

export interface Exception {
  /** How the names of the doors begin. */
  door: string;
  /** Raw addresses. */
  path: RegExp;
  status: number;
  reason: string;
}

export const exceptions: Exception[] = [];

/** What a door's web server answers by itself to an address; undefined where the answer is ours, as it should be. */
export function exceptionFor(door: string, path: string): Exception | undefined {
  return exceptions.find((exception) => door.startsWith(exception.door) && exception.path.test(path));
}

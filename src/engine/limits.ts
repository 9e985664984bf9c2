import { boundedMessage } from "../api/diagnostic.ts";
import type { Failure } from "../api/error-class.ts";
import type { StoreLimits } from "../api/store.ts";
import { describeObject } from "./view.ts";

/** A limit of a Store that was hit. */
export interface LimitHit {
  readonly limit: keyof StoreLimits;
  readonly limits: StoreLimits;
  /** Name of the Store, as the engine calls it. */
  readonly store: string;
}

const longestMessage = 256;

/** `registry.acme.io lists more pages of referrers (limits.pages of Store/production: 100)`: what happened, which limit, and where it is raised. */
export function limitExceeded(what: string, { limit, limits, store }: LimitHit): Failure {
  const where = ` (limits.${limit} of ${describeObject("Store", store)}: ${limits[limit]})`;
  const room = Math.max(0, longestMessage - Buffer.byteLength(where));
  // What is cut, where something has to be, is not the answer to "which limit"; and it is cut between characters.
  const cut = (): string => `${new TextDecoder().decode(Buffer.from(what).subarray(0, Math.max(0, room - 3)), { stream: true })}...`;
  const shown = Buffer.byteLength(what) <= room ? what : cut();
  return { class: "LimitExceeded", message: boundedMessage(`${shown}${where}`) };
}

import type { Snapshot } from "./compiled.ts";

/** The one place where the current snapshot stands. Requests in flight finish on the snapshot they began with. */
export class SnapshotHolder {
  #current: Snapshot | undefined;

  /** Undefined until the first compilation: readiness is false till then. */
  get current(): Snapshot | undefined {
    return this.#current;
  }

  publish(next: Snapshot): void {
    this.#current = next;
  }
}

import { raceSignal } from "../kernel/clock.ts";
import type { Limit } from "../kernel/limit.ts";
import { KubeError } from "./kube-error.ts";
import type { KubeObject } from "./object.ts";
import { Reflector, type ReflectorDeps } from "./reflector.ts";
import type { Collection } from "./resource.ts";

/**
 * Why objects of a kind in a namespace are not there to be read, though they may exist. `Forbidden`: nobody has granted the right; `NotListed`: they have
 * not been read yet; `TooLarge`: the namespace has more of them than is kept; `TooManyNamespaces`: those of other namespaces are all that is followed.
 */
export type Denial = "Forbidden" | "NotListed" | "TooLarge" | "TooManyNamespaces";

/** What following one kind in one namespace takes. */
export interface FollowOptions {
  readonly collection: Collection & { readonly namespace: string };
  readonly reflector: Omit<ReflectorDeps, "changed" | "noticed">;
  readonly changed: (name: string, object: KubeObject | undefined) => void;
  /** The denial is another than before. */
  readonly noticed: (denial: Denial | undefined, before: Denial | undefined) => void;
  /** The right was taken away so long ago that what was read under it must not be used any more. */
  readonly revoked: () => void;
  /** How long a first list may keep others waiting for their turn, in ms. */
  readonly turnMs: number;
  /** How long what was read stays in use after the right to read it has gone, in ms. */
  readonly revokedMs: number;
}

/** One kind in one namespace that is followed for as long as it is needed, whether or not it may be. */
export class Follow {
  readonly #options: FollowOptions;
  readonly #reflector: Reflector;
  readonly #stop = new AbortController();
  readonly #tried = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<void>();
  #denial: Denial | undefined = "NotListed";

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#reflector = new Reflector(options.collection, {
      ...options.reflector,
      changed: (name) => options.changed(name, this.#reflector.objects.get(name)),
      noticed: () => this.#notice(),
    });
  }

  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#reflector.objects;
  }

  get denial(): Denial | undefined {
    return this.#denial;
  }

  /** Resolves once the first list is in, or the server has said that we may not have it; anything else may pass, and is waited for. */
  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  /** Lists when it is its turn, then watches; resolves after `stop`. */
  async run(turns: Limit): Promise<void> {
    const { signal } = this.#stop;
    let running: Promise<void> = Promise.resolve();
    const list = async (): Promise<void> => {
      running = this.#reflector.run(signal);
      running.catch(() => {
        /* awaited below, once its turn is over */
      });
      using turn = this.#options.reflector.clock.deadline(this.#options.turnMs, signal);
      await raceSignal(this.#tried.promise, turn.signal).catch(() => {
        /* it goes on by itself, and the next has its turn */
      });
    };
    await turns.run(list, signal).catch(() => {
      /* stopped before its turn */
    });
    await running;
  }

  stop(): void {
    this.#stop.abort(new DOMException("No longer needed", "AbortError"));
    this.#answered.resolve();
  }

  #notice(): void {
    if (this.#stop.signal.aborted) return;
    const { failure, hasSynced, lastActivityAt } = this.#reflector;
    if (hasSynced || failure !== undefined) this.#tried.resolve();
    const isForbidden = failure instanceof KubeError && failure.status === 403;
    if (hasSynced || isForbidden) this.#answered.resolve();
    const before = this.#denial;
    this.#denial = isForbidden ? "Forbidden" : !hasSynced ? "NotListed" : this.#reflector.overfull.size > 0 ? "TooLarge" : undefined;
    if (before !== this.#denial) this.#options.noticed(this.#denial, before);
    const silentMs = this.#options.reflector.clock.monotonic() - lastActivityAt;
    if (isForbidden && hasSynced && silentMs > this.#options.revokedMs) this.#options.revoked();
  }
}

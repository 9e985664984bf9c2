import { raceSignal } from "../kernel/clock.ts";
import { Limit } from "../kernel/limit.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Gauge, Metrics } from "../kernel/metrics.ts";
import type { KubeObject } from "./object.ts";
import type { ReflectorDeps } from "./reflector.ts";
import type { Collection } from "./resource.ts";
import { type Denial, Follow } from "./tenant-follow.ts";
import type { TenantLimits } from "./tenant-limits.ts";

/** What tenants' materials are followed with. */
export interface TenantMaterialsOptions {
  /** Their kinds, without a namespace. */
  readonly collections: readonly Collection[];
  readonly reflector: Omit<ReflectorDeps, "changed" | "noticed" | "logger">;
  readonly limits: TenantLimits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** An object of a kind, in a namespace, by name, has come, changed or gone (undefined). */
  readonly changed: (
    at: { readonly kind: string; readonly namespace: string; readonly name: string },
    object: KubeObject | undefined,
  ) => void;
  /** `denied` says another thing than before. */
  readonly noticed: (kind: string, namespace: string) => void;
  /** Tells which of two namespaces has the better claim to the last place: sorts before. */
  readonly byAge: (a: string, b: string) => number;
}

/** How tenants' materials are doing, for the log, metrics and status; nothing here makes a replica unready. */
export interface TenantHealth {
  /** Namespaces that are followed. */
  readonly followed: number;
  readonly denied: readonly { readonly kind: string; readonly namespace: string; readonly denial: Denial }[];
  /** Namespaces that are not followed because there are too many. */
  readonly refused: readonly string[];
}

interface Space {
  readonly follows: Map<string, Follow>;
  /** Kinds that nothing needs any more, until their grace is over. */
  readonly leaving: Map<string, AbortController>;
}

/**
 * Follows what namespaced objects refer to (Secrets and the like), by a reflector for each namespace and kind that is needed. Each has its own backoff and
 * its own bounds: whatever a namespace holds or forbids is that namespace's alone.
 */
export class TenantMaterials {
  readonly #options: TenantMaterialsOptions;
  readonly #turns: Limit;
  readonly #followed = new Map<string, Space>();
  /** Those without a place, and what they need. */
  readonly #refused = new Map<string, ReadonlySet<string>>();
  readonly #running = new Set<Promise<void>>();
  readonly #states: Gauge;
  #isClosed = false;

  constructor(options: TenantMaterialsOptions) {
    this.#options = options;
    this.#turns = new Limit(options.limits.concurrency);
    this.#states = options.metrics.gauge(
      "countersign_tenant_collections",
      "Kinds in namespaces of tenants that are followed, by their state",
      ["state"],
    );
  }

  /** Kinds of what objects in a namespace need from now on; none: the namespace is left alone after its grace. */
  need(namespace: string, kinds: ReadonlySet<string>): void {
    if (this.#isClosed) return;
    const known = this.#followed.get(namespace);
    if (known === undefined && kinds.size === 0) this.#refused.delete(namespace);
    else if (known !== undefined) this.#adjust(namespace, known, kinds);
    else if (this.#makeRoom()) this.#follow(namespace, kinds);
    else this.#refuse(namespace, kinds);
  }

  /** Why a kind cannot be read in a namespace; undefined: it can, or nothing there needs it. */
  denied(kind: string, namespace: string): Denial | undefined {
    if (this.#refused.get(namespace)?.has(kind) === true) return "TooManyNamespaces";
    return this.#followed.get(namespace)?.follows.get(kind)?.denial;
  }

  /** Resolves once everything that is followed now has been listed or is forbidden, or the time for that is over. Rejects with the signal's reason. */
  async answered(signal: AbortSignal): Promise<void> {
    using deadline = this.#options.reflector.clock.deadline(this.#options.limits.startMs, signal);
    const follows = [...this.#followed.values()].flatMap((space) => [...space.follows.values()]);
    await raceSignal(Promise.all(follows.map((follow) => follow.answered)), deadline.signal).catch(() => {
      signal.throwIfAborted(); // else: without those that have not answered; their objects say so
    });
  }

  health(): TenantHealth {
    const denied = [...this.#followed].flatMap(([namespace, { follows }]) =>
      [...follows].flatMap(([kind, { denial }]) => (denial === undefined ? [] : [{ kind, namespace, denial }])),
    );
    return { followed: this.#followed.size, denied, refused: [...this.#refused.keys()] };
  }

  /** Ends everything; resolves when it has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { follows, leaving } of this.#followed.values()) {
      for (const grace of leaving.values()) grace.abort();
      for (const follow of follows.values()) follow.stop();
    }
    await Promise.all(this.#running);
  }

  #adjust(namespace: string, space: Space, kinds: ReadonlySet<string>): void {
    for (const kind of kinds) {
      space.leaving.get(kind)?.abort();
      space.leaving.delete(kind);
      if (!space.follows.has(kind)) this.#start(namespace, space, kind);
    }
    for (const kind of space.follows.keys()) if (!kinds.has(kind) && !space.leaving.has(kind)) this.#leave(namespace, space, kind);
    this.#count();
  }

  #follow(namespace: string, kinds: ReadonlySet<string>): void {
    const space: Space = { follows: new Map(), leaving: new Map() };
    this.#refused.delete(namespace);
    this.#followed.set(namespace, space);
    this.#adjust(namespace, space, kinds);
  }

  #refuse(namespace: string, kinds: ReadonlySet<string>): void {
    if (!this.#refused.has(namespace)) {
      const { maxNamespaces } = this.#options.limits;
      this.#options.logger.warn("too many namespaces have objects that refer to others; what is in this one is not read", {
        namespace,
        maxNamespaces,
      });
    }
    this.#refused.set(namespace, kinds);
    this.#count();
  }

  #start(namespace: string, space: Space, kind: string): void {
    const { collections, limits, reflector, changed, logger } = this.#options;
    const template = collections.find(({ resource }) => resource.kind === kind);
    if (template === undefined) return;
    const follow = new Follow({
      collection: { ...template, namespace },
      // What a namespace does not allow is said once, below, and not with each attempt.
      reflector: { ...reflector, logger: quiet(logger) },
      turnMs: limits.turnMs,
      revokedMs: limits.revokedMs,
      changed: (name, object) => changed({ kind, namespace, name }, object),
      noticed: (denial, before) => this.#noticed({ kind, namespace }, denial, before),
      revoked: () => {
        logger.warn("the right to read objects in a namespace has gone; what was read under it is dropped", { kind, namespace });
        this.#end(namespace, space, kind);
        this.#start(namespace, space, kind);
      },
    });
    space.follows.set(kind, follow);
    const running = follow.run(this.#turns).catch((error: unknown) => {
      logger.error("a reflector ended", { kind, namespace, ...(error instanceof Error && { error }) }); // a defect of ours
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  #leave(namespace: string, space: Space, kind: string): void {
    const { limits, reflector } = this.#options;
    const grace = new AbortController();
    space.leaving.set(kind, grace);
    reflector.clock.sleep(limits.graceMs, grace.signal).then(
      () => this.#retire(namespace, space, kind),
      () => {
        /* needed again */
      },
    );
  }

  /** Stops following a kind; its namespace's place goes to another with its last one. */
  #retire(namespace: string, space: Space, kind: string): void {
    space.leaving.delete(kind);
    this.#end(namespace, space, kind);
    if (space.follows.size === 0) this.#followed.delete(namespace);
    for (const next of [...this.#refused.keys()].toSorted(this.#options.byAge)) {
      if (this.#followed.size >= this.#options.limits.maxNamespaces) break;
      const kinds = this.#refused.get(next) ?? new Set();
      this.#follow(next, kinds);
      for (const needed of kinds) this.#options.noticed(needed, next);
    }
    this.#count();
  }

  /** What was read goes first, so that whoever looks for it on being told finds nothing. */
  #end(namespace: string, space: Space, kind: string): void {
    const follow = space.follows.get(kind);
    space.follows.delete(kind);
    follow?.stop();
    for (const name of follow?.objects.keys() ?? []) this.#options.changed({ kind, namespace, name }, undefined);
  }

  /** True when there is a place for one more namespace; one that only waits for its end gives up its own. */
  #makeRoom(): boolean {
    if (this.#followed.size < this.#options.limits.maxNamespaces) return true;
    for (const [namespace, space] of this.#followed) {
      if (space.leaving.size < space.follows.size) continue;
      for (const [kind, grace] of space.leaving) {
        grace.abort();
        this.#end(namespace, space, kind);
      }
      this.#followed.delete(namespace);
      return true;
    }
    return false;
  }

  #noticed(at: { readonly kind: string; readonly namespace: string }, denial: Denial | undefined, before: Denial | undefined): void {
    const { logger, noticed } = this.#options;
    if (denial === "Forbidden")
      logger.warn("objects in a namespace refer to what the operator may not read there; bind a role that lets it, it tries again", at);
    else if (denial === "TooLarge") logger.warn("a namespace has more objects of a kind than are kept", at);
    else if (denial === undefined && before === "Forbidden") logger.info("the operator may read what objects in a namespace refer to", at);
    this.#count();
    noticed(at.kind, at.namespace);
  }

  #count(): void {
    const counts = new Map<Denial | "Followed", number>([
      ["Followed", 0],
      ["NotListed", 0],
      ["Forbidden", 0],
      ["TooLarge", 0],
      ["TooManyNamespaces", 0],
    ]);
    const add = (state: Denial | "Followed"): void => void counts.set(state, (counts.get(state) ?? 0) + 1);
    for (const { follows } of this.#followed.values()) for (const { denial } of follows.values()) add(denial ?? "Followed");
    for (const kinds of this.#refused.values()) for (const _ of kinds) add("TooManyNamespaces");
    for (const [state, count] of counts) this.#states.set(count, { state });
  }
}

/** For what happens again and again. */
function quiet(logger: Logger): Logger {
  const debug = logger.debug.bind(logger);
  return { debug, info: debug, warn: debug, error: logger.error.bind(logger) };
}

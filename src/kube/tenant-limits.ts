import type { NamespaceLimits } from "./namespace-quota.ts";

/** How much of tenants is followed, and how patiently. */
export interface TenantLimits {
  /** Namespaces whose materials are followed at a time: each kind is a connection of its own, some 130 KiB. Default 500. */
  readonly maxNamespaces: number;
  /** How long a kind is followed after nothing needs it any more: who deletes and recreates must not cause a new list each time. Default 60 s. */
  readonly graceMs: number;
  /** How long the start waits for first lists, all together, in ms. Default 10 s. */
  readonly startMs: number;
  /** First lists on their way at a time: fewer than there are connections for requests (connection.ts), so that statuses are written meanwhile. Default 12. */
  readonly concurrency: number;
  /** After so long a first list without an answer does not keep others waiting any more, in ms. Default 2 s. */
  readonly turnMs: number;
  /** What was read is dropped when the right to read it has been missing for so long, in ms; shorter, and a restart of the API server, which refuses
   * everything for a moment, would do it. Default 10 min, after which silence makes a replica unready as well. */
  readonly revokedMs: number;
  /** Of one kind in one namespace. Default: 2,000 objects, 4 MiB. */
  readonly materials: NamespaceLimits;
  /** Of one kind of namespaced objects in one namespace. Default: 1,000 objects, 4 MiB. */
  readonly objects: NamespaceLimits;
}

/** The defaults. */
export const tenantLimits: TenantLimits = {
  maxNamespaces: 500,
  graceMs: 60_000,
  startMs: 10_000,
  concurrency: 12,
  turnMs: 2000,
  revokedMs: 600_000,
  // A Secret of which only the name is known would be taken for one without the key that is looked for: no placeholders.
  materials: { maxObjects: 2000, maxBytes: 4 * 1024 * 1024, maxPlaceholders: 0 },
  objects: { maxObjects: 1000, maxBytes: 4 * 1024 * 1024, maxPlaceholders: 16 },
};

import type { Diagnostic } from "../api/diagnostic.ts";
import type { PolicySpec } from "../api/policy.ts";
import type { AuthProviderStatus, KeyProviderStatus, PolicyStatus, StoreStatus, VerifierStatus } from "../api/status.ts";
import { decodeMeta } from "../api/object.ts";
import { ownValue } from "../api/walk.ts";
import { adoptStatus } from "../health/adopt-status.ts";
import type { Reachability, StoreHealth } from "../health/store-health.ts";
import type { ProviderState, Selection } from "../keychain/ports.ts";
import type { Scope } from "../oci/pattern.ts";
import type { PatternLoss } from "../snapshot/keychain-view.ts";
import { readStatus } from "./status-read.ts";

/** What the status of any object is computed from; gathered by the loop, judged by pure functions. */
export interface StatusInput<Status> {
  readonly name: string;
  readonly generation: number;
  /** Epoch ms: dates a condition that flips, and nothing else. */
  readonly now: number;
  /** The status that stands, of whatever generation; undefined if there is none or it cannot be read (status-read.ts). */
  readonly current?: Status;
  /** Of decoding and compiling; empty exactly if the object is accepted. */
  readonly diagnostics: readonly Diagnostic[];
  /** The snapshot that serves requests holds this generation. */
  readonly programmed: boolean;
}

export interface StoreStatusInput extends StatusInput<StoreStatus> {
  /** Absent: cluster-scoped. */
  readonly namespace?: string;
  /** Of an invalid Store: those that parsed. */
  readonly scopes: readonly Scope[];
  readonly suspend: boolean;
  /** Its literal hosts, in the order of the spec, and what its keychain selects for each. */
  readonly hosts: readonly { readonly endpoint: string; readonly selection: Selection }[];
  /** Ids of `spec.authProviderRefs`; absent: every AuthProvider that it may use. */
  readonly authProviderRefs?: readonly string[];
  /** State of every AuthProvider there is, or at least of those that `hosts` and `authProviderRefs` name. */
  readonly providers: ReadonlyMap<string, ProviderState>;
  /** Absent: nothing asks its hosts (an invalid Store). */
  readonly reachability?: Reachability;
}

export interface AuthProviderStatusInput extends StatusInput<AuthProviderStatus> {
  /** `spec.type`; absent on an invalid object. */
  readonly type?: string;
  readonly state: ProviderState;
  /** How many patterns it claims. */
  readonly patterns: number;
  /** The patterns that an older AuthProvider keeps, and those of its own that a younger one claims in vain. */
  readonly lost: readonly PatternLoss[];
  readonly kept: readonly PatternClaim[];
  /** How many Stores may use it. */
  readonly boundStores: number;
  /** `uid/resourceVersion` of the Secret in use; never a hash of its data (operator.md 2.1). */
  readonly credentialRevision?: string;
}

/** The other side of a {@link PatternLoss}. */
export interface PatternClaim {
  readonly pattern: string;
  /** Name of the AuthProvider that claims it too and does not get it. */
  readonly claimedBy: string;
}

export interface VerifierStatusInput extends StatusInput<VerifierStatus> {
  /** Set if a KeyProvider that it names is missing, invalid, or has a key that cannot be used. */
  readonly problem?: string;
  readonly keys: number;
}

export interface KeyProviderStatusInput extends StatusInput<KeyProviderStatus> {
  /** Set if a key cannot be used: of a provider that gives its last good keys, what it says of that. */
  readonly problem?: string;
  /** The object that it reads does not exist. */
  readonly isMissing?: boolean;
  /** It reads another object, and is mended by an edit of that. */
  readonly readsMaterial: boolean;
  readonly keys: readonly { readonly name: string; readonly algorithm: string; readonly fingerprint: string }[];
}

export interface PolicyStatusInput extends StatusInput<PolicyStatus> {
  /** Absent where it cannot be read. */
  readonly spec?: PolicySpec;
  /** How many Verifiers it names. */
  readonly verifiers: number;
  /** What is wrong with which of them. */
  readonly problems: readonly string[];
}

/**
 * Losses as each loser has them, turned into what each keeper is shown; once for all AuthProviders. A cluster-scoped one is not shown what namespaces claim
 * of its patterns within themselves.
 */
export function claimsByKeeper(losses: ReadonlyMap<string, readonly PatternLoss[]>): ReadonlyMap<string, readonly PatternClaim[]> {
  const claims = new Map<string, PatternClaim[]>();
  for (const [claimedBy, lost] of losses) {
    for (const { pattern, keptBy } of lost) {
      if (claimedBy.includes("/") && !keptBy.includes("/")) continue;
      const known = claims.get(keptBy);
      if (known === undefined) claims.set(keptBy, [{ pattern, claimedBy }]);
      else known.push({ pattern, claimedBy });
    }
  }
  return claims;
}

/** For the prober: reads, when asked, what the status of a raw Store says of its hosts. Nothing if it says nothing that can be read. */
export function adoptedHealth(raw: unknown): () => StoreHealth | undefined {
  return () => {
    const status = readStatus("Store", ownValue(raw, "status"));
    if (status === undefined) return undefined;
    return adoptStatus(status, { ...decodeMeta(raw), suspend: ownValue(ownValue(raw, "spec"), "suspend") === true });
  };
}

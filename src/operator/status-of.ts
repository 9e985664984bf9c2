import type { Diagnostic } from "../api/diagnostic.ts";
import { keyOfId, type Kind, type ObjectMeta, objectKey } from "../api/object.ts";
import type { Statuses } from "../api/status.ts";
import type { Reachability } from "../health/store-health.ts";
import type { ProviderState } from "../keychain/ports.ts";
import { registryOf, type Repository } from "../oci/repository.ts";
import type { CompiledAuthProvider, CompiledPolicy, CompiledStore, Snapshot } from "../snapshot/compiled.ts";
import { authProviderStatus } from "./status-auth-provider.ts";
import { claimsByKeeper, type PatternClaim, type PolicyStatusInput, type StatusInput, type StoreStatusInput } from "./status-input.ts";
import { keyProviderStatus } from "./status-key-provider.ts";
import { nextPolicyMoment, policyStatus } from "./status-policy.ts";
import { readStatus } from "./status-read.ts";
import { isStoreStatusPending, storeStatus } from "./status-store.ts";
import { verifierStatus } from "./status-verifier.ts";

/** What an object's status is made of besides the object. */
export interface StatusContext {
  readonly snapshot: Snapshot;
  readonly health: (key: string) => Reachability | undefined;
  /** Epoch ms. */
  readonly now: number;
  /** The status that stands, raw; undefined if there is none. */
  readonly standing: unknown;
}

/** The status that an object should have now, by base kind and id; undefined if the snapshot does not hold it (yet, or any more). */
export function statusOf(object: { readonly kind: Kind; readonly name: string }, context: StatusContext): Statuses[Kind] | undefined {
  const { kind, name } = object;
  const { snapshot } = context;
  switch (kind) {
    case "Store": {
      const input = storeInput(name, context);
      return input === undefined ? undefined : storeStatus(input);
    }
    case "AuthProvider": {
      const entry = snapshot.authProviders.get(name);
      if (entry === undefined) return undefined;
      const revision = credentialRevisionOf(entry);
      return authProviderStatus({
        ...shared("AuthProvider", entry, context),
        patterns: entry.patterns.length,
        lost: snapshot.patternLosses.get(name) ?? [],
        kept: relationsOf(snapshot).kept.get(name) ?? [],
        boundStores: relationsOf(snapshot).boundStores.get(name) ?? 0,
        state: entry.provider.state(),
        ...(entry.spec !== undefined && { type: entry.spec.type }),
        ...(revision !== undefined && { credentialRevision: revision }),
      });
    }
    case "Verifier": {
      const entry = snapshot.verifiers.get(name);
      if (entry === undefined) return undefined;
      const keys = entry.keyProviders.reduce((sum, id) => sum + (snapshot.keyProviders.get(id)?.keyProvider?.keys().length ?? 0), 0);
      return verifierStatus({
        ...shared("Verifier", entry, context),
        keys,
        ...(entry.problem !== undefined && { problem: entry.problem }),
      });
    }
    case "KeyProvider": {
      const entry = snapshot.keyProviders.get(name);
      if (entry === undefined) return undefined;
      const { problem = entry.keyProvider?.stale, isMissing = false } = entry.keyProvider ?? {};
      return keyProviderStatus({
        ...shared("KeyProvider", entry, context),
        keys: entry.keyProvider?.keys() ?? [],
        isMissing,
        readsMaterial: entry.materialVersions.size > 0,
        ...(problem !== undefined && { problem }),
      });
    }
    case "Policy": {
      const entry = snapshot.policies.get(name);
      return entry === undefined ? undefined : policyStatus(policyInput(entry, context));
    }
  }
}

/** Of the object that {@link statusOf} judges: another one of the same name may have taken its place since. */
export function uidOf(object: { readonly kind: Kind; readonly name: string }, snapshot: Snapshot): string | undefined {
  return entriesOf(object.kind, snapshot).get(object.name)?.meta.uid;
}

/** When the status of an object that nothing happens to has to be judged again; epoch ms. */
export function nextMoment(object: { readonly kind: Kind; readonly name: string }, snapshot: Snapshot, now: number): number | undefined {
  // A credential that ends without another in its place is one that nobody asks for any more.
  if (object.kind === "AuthProvider") return snapshot.authProviders.get(object.name)?.provider.state().expiresAt;
  return object.kind === "Policy" ? nextPolicyMoment(snapshot.policies.get(object.name)?.spec, now) : undefined;
}

/** A first judgement of this generation is on its way: writing now would mean writing twice. */
export function isPending(object: { readonly kind: Kind; readonly name: string }, context: StatusContext): boolean {
  if (object.kind === "AuthProvider") {
    // The first probe of a Store that may use it asks for a credential, and tells.
    const isUnasked = context.snapshot.authProviders.get(object.name)?.provider.state().reason === "NotRequested";
    return isUnasked && (relationsOf(context.snapshot).boundStores.get(object.name) ?? 0) > 0;
  }
  const input = object.kind === "Store" ? storeInput(object.name, context) : undefined;
  return input !== undefined && isStoreStatusPending(input);
}

function entriesOf(kind: Kind, snapshot: Snapshot): ReadonlyMap<string, Subject> {
  switch (kind) {
    case "Store":
      return snapshot.stores;
    case "AuthProvider":
      return snapshot.authProviders;
    case "Verifier":
      return snapshot.verifiers;
    case "KeyProvider":
      return snapshot.keyProviders;
    case "Policy":
      return snapshot.policies;
  }
}

interface Subject {
  readonly meta: ObjectMeta;
  readonly diagnostics: readonly Diagnostic[];
}

function shared<K extends Kind>(kind: K, { meta, diagnostics }: Subject, context: StatusContext): StatusInput<Statuses[K]> {
  const current = readStatus(kind, context.standing);
  return {
    name: meta.name,
    generation: meta.generation,
    now: context.now,
    diagnostics,
    programmed: true, // the snapshot that holds the entry is the one that serves
    ...(current !== undefined && { current }),
  };
}

function storeInput(name: string, context: StatusContext): StoreStatusInput | undefined {
  const entry = context.snapshot.stores.get(name);
  if (entry === undefined) return undefined;
  const reachability = context.health(objectKey("Store", entry.meta));
  return {
    ...shared("Store", entry, context),
    ...(entry.meta.namespace !== undefined && { namespace: entry.meta.namespace }),
    scopes: entry.scopes,
    suspend: entry.spec?.suspend ?? false,
    hosts: hostsOf(entry),
    providers: providerStates(entry, context.snapshot),
    ...(entry.authProviderRefs !== undefined && { authProviderRefs: entry.authProviderRefs }),
    ...(reachability !== undefined && { reachability }),
  };
}

/** Of a Verifier that is not ready only that it is not: why stands in its own status, which not everybody may read who may read this one. */
function policyInput(entry: CompiledPolicy, context: StatusContext): PolicyStatusInput {
  const problems = entry.verifiers.flatMap((id) => {
    const verifier = context.snapshot.verifiers.get(id);
    const key = keyOfId("Verifier", id);
    if (verifier === undefined) return `${key} does not exist`;
    return verifier.problem === undefined ? [] : `${key} is not ready: its own status says why`;
  });
  return {
    ...shared("Policy", entry, context),
    problems,
    verifiers: entry.verifiers.length,
    ...(entry.spec !== undefined && { spec: entry.spec }),
  };
}

/** The hosts that are probed, and what is selected for the repository that the spec writes out there. */
function hostsOf({ store, scopes, keychain }: CompiledStore): StoreStatusInput["hosts"] {
  if (store === undefined) return [];
  const probed = new Set(store.endpoints());
  const hosts = new Map<string, StoreStatusInput["hosts"][number]>();
  for (const scope of scopes) {
    if (scope.kind === "all" || scope.pattern.wildcards > 0) continue;
    const written: Repository = { host: scope.pattern.labels.join("."), port: scope.pattern.port, segments: scope.pattern.segments };
    const [target] = store.repositories(written);
    if (target === undefined) continue;
    const endpoint = registryOf(target);
    if (probed.has(endpoint) && !hosts.has(endpoint)) hosts.set(endpoint, { endpoint, selection: keychain.select(target) });
  }
  return [...hosts.values()];
}

function providerStates(entry: CompiledStore, snapshot: Snapshot): ReadonlyMap<string, ProviderState> {
  return new Map(
    entry.view.names.flatMap((name) => {
      const provider = snapshot.authProviders.get(name);
      return provider === undefined ? [] : [[name, provider.provider.state()] as const];
    }),
  );
}

interface Relations {
  /** By AuthProvider: what others claim of its patterns, and how many Stores may use it. */
  readonly kept: ReadonlyMap<string, readonly PatternClaim[]>;
  readonly boundStores: ReadonlyMap<string, number>;
}
/** Counted once for all AuthProviders of a snapshot, which never changes: each on its own would cost as many steps as there are Stores. */
const relations = new WeakMap<Snapshot, Relations>();

function relationsOf(snapshot: Snapshot): Relations {
  const known = relations.get(snapshot);
  if (known !== undefined) return known;
  // By view first: Stores share the list of it, and two thousand AuthProviders times ten thousand Stores are too many to count one by one.
  const views = new Map<readonly string[], number>();
  for (const { view } of snapshot.stores.values()) views.set(view.names, (views.get(view.names) ?? 0) + 1);
  const boundStores = new Map<string, number>();
  for (const [names, stores] of views) for (const name of names) boundStores.set(name, (boundStores.get(name) ?? 0) + stores);
  const counted = { kept: claimsByKeeper(snapshot.patternLosses), boundStores };
  relations.set(snapshot, counted);
  return counted;
}

/** `uid/resourceVersion` of the first Secret that it read and that exists. */
function credentialRevisionOf(entry: CompiledAuthProvider): string | undefined {
  for (const [key, version] of entry.materialVersions) if (key.startsWith("Secret/") && version !== "absent") return version;
  return undefined;
}

import type { AuthProviderSpec } from "../api/auth-provider.ts";
import type { Diagnostic } from "../api/diagnostic.ts";
import type { Failure } from "../api/error-class.ts";
import type { KeyProviderSpec } from "../api/key-provider.ts";
import type { ObjectKey, ObjectMeta } from "../api/object.ts";
import type { LabelSelector, PolicySpec } from "../api/policy.ts";
import type { Evidence, StoreSpec } from "../api/store.ts";
import type { VerifierSpec } from "../api/verifier.ts";
import type { Store } from "../engine/store.ts";
import type { Verifier } from "../engine/verifier.ts";
import type { Realms } from "../engine/verify-realms.ts";
import type { ViewRequirement } from "../engine/view.ts";
import type { AuthProvider, Keychain } from "../keychain/ports.ts";
import type { Pattern, Scope } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";
import type { KeyProvider } from "../trust/ports.ts";
import type { KeychainView, PatternLoss } from "./keychain-view.ts";
import type { NamespaceLabels } from "./namespace-selector.ts";

/** What every compiled object has: who it is, what is wrong with it, and what it was made of. */
interface CompiledBase {
  /** Its name and namespace are those that it is kept under. */
  readonly meta: ObjectMeta;
  /** Empty exactly if the object is accepted. */
  readonly diagnostics: readonly Diagnostic[];
  /** Changes exactly if the instance has to: uid, generation, and the versions of everything it was built from. */
  readonly revision: string;
  /** `Secret/name`, `NamespacedKeyProvider/namespace/name`, …: what it refers to, existing or not. */
  readonly references: readonly string[];
}

export interface CompiledStore extends CompiledBase {
  readonly kind: "Store";
  /** Versions of the ConfigMaps that it read. */
  readonly materialVersions: ReadonlyMap<string, string>;
  /** As `revision`, without the AuthProviders of its view. */
  readonly ownRevision: string;
  readonly spec?: StoreSpec;
  readonly scopes: readonly Scope[];
  /** Every image: a scope is `"*"`, or one of an invalid Store did not parse. */
  readonly everything: boolean;
  readonly evidence: Evidence;
  /** Which AuthProviders it may use; the same object for every Store that may use the same. */
  readonly view: KeychainView;
  readonly keychain: Keychain;
  /** Ids of `authProviderRefs`; absent: every AuthProvider of the view. */
  readonly authProviderRefs?: readonly string[];
  /** Absent for an invalid Store, which is a failed location with `problem`. */
  readonly store?: Store;
  readonly problem?: Failure;
  /** Hash of the object, its material and the AuthProviders that match one of its endpoints: a Store is probed anew exactly when this changes. */
  readonly probeRevision: string;
}
export interface CompiledAuthProvider extends CompiledBase {
  readonly kind: "AuthProvider";
  /** Versions of the Secrets and ServiceAccounts that it read. */
  readonly materialVersions: ReadonlyMap<string, string>;
  readonly spec?: AuthProviderSpec;
  readonly patterns: readonly Pattern[];
  /** Of a cluster-scoped one: whose NamespacedStores may use it. */
  readonly allowedNamespaces: readonly string[];
  /** Of an invalid one: it keeps its patterns and answers CredentialUnavailable(InvalidSpec). */
  readonly provider: AuthProvider;
}
export interface CompiledVerifier extends CompiledBase {
  readonly kind: "Verifier";
  readonly spec?: VerifierSpec;
  /** `spec` as it stands in the manifest: what a recording builds it from again. */
  readonly rawSpec?: unknown;
  /** Ids of the KeyProviders that it names. */
  readonly keyProviders: readonly string[];
  /** The images that it judges; absent: all. */
  readonly scopes?: readonly Scope[];
  readonly verifier?: Verifier;
  /** As `revision`, whatever there is of the Verifiers that it believes (`signedBy`). */
  readonly ownRevision: string;
  /** Why nothing may be concluded from what it rejects: it is invalid, keys are missing, or a Verifier that it believes. */
  readonly problem?: string;
  /** As `problem`, but for the last. */
  readonly ownProblem?: string;
}
export interface CompiledKeyProvider extends CompiledBase {
  readonly kind: "KeyProvider";
  /** Versions of the Secrets and ConfigMaps that it read. */
  readonly materialVersions: ReadonlyMap<string, string>;
  readonly spec?: KeyProviderSpec;
  readonly keyProvider?: KeyProvider;
}
export interface CompiledPolicy extends CompiledBase {
  readonly kind: "Policy";
  readonly spec?: PolicySpec;
  /** Of an invalid one: every image that it may have been meant for. */
  readonly scopes: readonly Scope[];
  readonly excludeScopes: readonly Scope[];
  readonly namespaceSelector: LabelSelector;
  /** Its `require`, with ids of Verifiers for references; empty where the spec cannot be decoded. */
  readonly requirements: readonly ViewRequirement[];
  /** Ids of the Verifiers that it names, sorted. */
  readonly verifiers: readonly string[];
  readonly hasExpression: boolean;
  /** Of an invalid one: it is inconclusive(PolicyInvalid). */
  readonly problem?: string;
}
export type Compiled = CompiledStore | CompiledAuthProvider | CompiledVerifier | CompiledKeyProvider | CompiledPolicy;

/** The objects of each base kind, of both scopes, by id. */
export interface CompiledObjects {
  readonly stores: ReadonlyMap<string, CompiledStore>;
  readonly authProviders: ReadonlyMap<string, CompiledAuthProvider>;
  readonly verifiers: ReadonlyMap<string, CompiledVerifier>;
  readonly keyProviders: ReadonlyMap<string, CompiledKeyProvider>;
  readonly policies: ReadonlyMap<string, CompiledPolicy>;
}

/** The whole configuration at one moment; immutable, replaced by one assignment. */
export interface Snapshot extends CompiledObjects {
  /** Hash of the revisions of all objects. */
  readonly revision: string;
  /** Objects that were compiled anew, are there for the first time, or have gone since the snapshot before. */
  readonly changed: ReadonlySet<ObjectKey>;
  /** By id of an AuthProvider: the patterns that it lost, in any view of its own scope. Counted when it is read. */
  readonly patternLosses: ReadonlyMap<string, readonly PatternLoss[]>;
  /** Those objects that apply to one image, seen from the cluster and, where a Policy of the namespace matches, from the namespace. */
  views(repository: Repository, namespace?: NamespaceLabels): Realms;
}

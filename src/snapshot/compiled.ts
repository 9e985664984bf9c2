import type { AuthProviderSpec } from "../api/auth-provider.ts";
import type { Diagnostic } from "../api/diagnostic.ts";
import type { Failure } from "../api/error-class.ts";
import type { ObjectMeta } from "../api/object.ts";
import type { Evidence, StoreSpec } from "../api/store.ts";
import type { KeyProviderSpec } from "../api/key-provider.ts";
import type { VerifierSpec } from "../api/verifier.ts";
import type { Store } from "../engine/store.ts";
import type { Verifier } from "../engine/verifier.ts";
import type { View } from "../engine/view.ts";
import type { AuthProvider, Keychain } from "../keychain/ports.ts";
import type { Pattern, Scope } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";
import type { KeyProvider } from "../trust/ports.ts";

/** What every compiled object has: who it is, what is wrong with it, and what it was made of. */
interface CompiledBase {
  readonly meta: ObjectMeta;
  /** Empty exactly if the object is accepted. */
  readonly diagnostics: readonly Diagnostic[];
  /** Changes exactly if the instance has to: uid, generation, and the versions of everything it was built from. */
  readonly revision: string;
  /** `Secret/name`, `KeyProvider/name`, …: what it refers to, existing or not. */
  readonly references: readonly string[];
}

export interface CompiledStore extends CompiledBase {
  readonly kind: "Store";
  /** Versions of the ConfigMaps that it read. */
  readonly materialVersions: ReadonlyMap<string, string>;
  /** As `revision`, without the AuthProviders of its view. */
  readonly ownRevision: string;
  readonly keychainRevision: string;
  /** By AuthProvider of its view: the patterns that it lost there. */
  readonly losses: ReadonlyMap<string, readonly PatternLoss[]>;
  readonly spec?: StoreSpec;
  readonly scopes: readonly Scope[];
  /** Every image: a scope is `"*"`, or one of an invalid Store did not parse. */
  readonly everything: boolean;
  readonly evidence: Evidence;
  readonly keychain: Keychain;
  /** Names of the AuthProviders in its view; the same list for every Store of that view. */
  readonly providers: readonly string[];
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
  /** Of an invalid one: it keeps its patterns and answers CredentialUnavailable(InvalidSpec). */
  readonly provider: AuthProvider;
}
export interface CompiledVerifier extends CompiledBase {
  readonly kind: "Verifier";
  readonly spec?: VerifierSpec;
  readonly verifier?: Verifier;
  readonly problem?: string;
}
export interface CompiledKeyProvider extends CompiledBase {
  readonly kind: "KeyProvider";
  /** Versions of the Secret or ConfigMap that it read. */
  readonly materialVersions: ReadonlyMap<string, string>;
  readonly spec?: KeyProviderSpec;
  readonly keyProvider?: KeyProvider;
}
export type Compiled = CompiledStore | CompiledAuthProvider | CompiledVerifier | CompiledKeyProvider;

/** Two AuthProviders that some Store's view holds together claim the same pattern; the older keeps it. */
export interface PatternLoss {
  readonly pattern: string;
  /** Name of the AuthProvider that keeps it. */
  readonly keptBy: string;
}

/** The whole configuration at one moment; immutable, replaced by one assignment. */
export interface Snapshot {
  /** Hash of the revisions of all objects. */
  readonly revision: string;
  readonly stores: ReadonlyMap<string, CompiledStore>;
  readonly authProviders: ReadonlyMap<string, CompiledAuthProvider>;
  readonly verifiers: ReadonlyMap<string, CompiledVerifier>;
  readonly keyProviders: ReadonlyMap<string, CompiledKeyProvider>;
  /** By AuthProvider: the patterns that it lost, in any view. */
  readonly patternLosses: ReadonlyMap<string, readonly PatternLoss[]>;
  /** Those objects that apply to one image. */
  view(repository: Repository): View;
}

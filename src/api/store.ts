import type { Repository } from "../oci/repository.ts";
import type { Pattern, Scope } from "../oci/pattern.ts";

/** May a verdict stand while this store is down? (design 6) */
export type Evidence = "Required" | "Optional";

export interface ConfigMapKeyRef {
  readonly kind: "ConfigMap";
  readonly name: string;
  readonly key: string;
}

/** By whole segments: an image below `from` is read below `to`; scopes and policies see the original name, requests and credentials the rewritten one. */
export interface Rewrite {
  readonly from: Pattern;
  readonly to: Repository;
}

export interface RegistryStoreConfig {
  /** Absent: the image's own repository. */
  readonly evidenceRepository?: Repository;
  /** The longest matching `from` wins. */
  readonly rewrite: readonly Rewrite[];
  readonly caBundleRef?: ConfigMapKeyRef;
  readonly unmatched: "Anonymous" | "Deny";
}

export interface OciLayoutStoreConfig {
  /** Below `--file-root`. */
  readonly path: string;
}

export interface StoreConfigs {
  readonly registry: RegistryStoreConfig;
  readonly ociLayout: OciLayoutStoreConfig;
}
export type StoreType = keyof StoreConfigs;

export interface StoreSpecCommon {
  readonly scopes: readonly Scope[];
  readonly evidence: Evidence;
  /** Default 2000. */
  readonly timeoutMs: number;
  /** Default 5 min and 3. */
  readonly healthCheck: { readonly intervalMs: number; readonly failureThreshold: number };
  /** Per image. Default 64 artifacts, 16 MiB a blob. */
  readonly limits: { readonly artifacts: number; readonly blobBytes: number };
  readonly suspend: boolean;
  /** Absent: every AuthProvider. Names only narrow. */
  readonly authProviderRefs?: readonly string[];
}
export type StoreSpec<T extends StoreType = StoreType> = { readonly [K in T]: StoreSpecCommon & { readonly type: K; readonly config: StoreConfigs[K] } }[T];

/** Of an invalid Store: the scopes that parsed; `everything` if any did not, so that a typo cannot take the Store out of a verdict. */
export interface StoreSalvage {
  readonly scopes: readonly Scope[];
  readonly evidence: Evidence;
}

import type { Pattern } from "../oci/pattern.ts";

export interface TokenHost {
  /** Exact `host[:port]`, canonical. */
  readonly registry: string;
  readonly tokenHost: string;
}

export interface AuthProviderConfigs {
  readonly anonymous: Readonly<Record<string, never>>;
  readonly kubernetesSecret: { readonly secretRef: { readonly name: string } };
  readonly serviceAccount: { readonly serviceAccountRef: { readonly name: string } };
  /** A file below `--file-root`; credential helpers in it are refused. */
  readonly dockerConfig: { readonly path: string };
}
export type AuthProviderType = keyof AuthProviderConfigs;

export interface AuthProviderSpecCommon {
  readonly registries: readonly Pattern[];
  readonly tokenHosts: readonly TokenHost[];
  /** Exact canonical `host[:port]`. */
  readonly plainHTTPHosts: readonly string[];
  readonly allowCredentialsOverHTTP: boolean;
}
export type AuthProviderSpec<T extends AuthProviderType = AuthProviderType> = {
  readonly [K in T]: AuthProviderSpecCommon & { readonly type: K; readonly config: AuthProviderConfigs[K] };
}[T];

/** Of an invalid AuthProvider: the patterns that parsed. It keeps them and answers `CredentialUnavailable`. */
export interface AuthProviderSalvage {
  readonly registries: readonly Pattern[];
}

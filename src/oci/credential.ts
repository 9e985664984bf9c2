import type { Secret } from "../kernel/secret.ts";

/** What authenticates: `basic` (user and password), `bearer` (sent as it is), `refreshToken` (exchanged at the token service by POST). */
export type CredentialScheme = "basic" | "bearer" | "refreshToken";

/** One secret, without any place where it may be sent. */
export interface Credential {
  readonly scheme: CredentialScheme;
  /** Only with `basic`. May be secret (a robot name is not, but nothing is gained by printing it). */
  readonly username?: Secret;
  readonly secret: Secret;
  /**
   * Only with `refreshToken`: path of the token service on the registry's own origin. What the registry's challenge says is then not listened to, so that no
   * realm can move the exchange elsewhere (Azure; registry-auth.md H5).
   */
  readonly tokenPath?: "/oauth2/token";
  /** Epoch ms; absent: until changed. */
  readonly expiresAt?: number;
  /** Changes whenever the secret does, and tells nothing of it: `uid/resourceVersion` of its Secret, or the issue id of a token. */
  readonly revision: string;
}

/**
 * A credential and the only place where it may be sent: its origin, and below it `/v2/` exactly or a path that begins with one of `pathPrefixes`
 * (each `/v2/<segments>/`). The transport checks this on every request; nothing else puts it on the wire.
 */
export interface BoundCredential extends Credential {
  /** `https://host[:port]`, or `http://…` where the provider says so in so many words. */
  readonly origin: string;
  readonly pathPrefixes: readonly string[];
  /** Name of the AuthProvider that it came from. */
  readonly provider: string;
  /** Equal for two credentials only if they are the same secret of the same provider: cache key, never printed to users. */
  readonly identity: string;
}

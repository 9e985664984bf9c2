import type { ErrorClass } from "../api/error-class.ts";
import { CodedError } from "../kernel/error.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Secret } from "../kernel/secret.ts";
import type { BoundCredential, Credential } from "../oci/credential.ts";
import type { Pattern } from "../oci/pattern.ts";
import type { Repository } from "../oci/repository.ts";
import type { CloudAccess } from "./cloud.ts";

/** Why a provider that matched has no credential; each has a row in docs/reference/reasons.md. */
export type UnavailableReason =
  | "RefNotFound"
  | "CredentialInvalid"
  | "CredentialExpired"
  | "WildcardNeedsKeyedSecret"
  | "NoMatchingKey"
  | "PatternConflict"
  | "ProviderNotFound"
  | "InvalidSpec"
  | "PlainHTTPNotAllowed"
  | "HostNotAllowed"
  /** The API server gives no token of the ServiceAccount. */
  | "TokenRequestDenied"
  /** There is no identity where it should be: no token file, no metadata service, no cluster. */
  | "IdentityNotFound"
  /** The cloud's identity service answered, and refused. */
  | "IdentityRefused"
  /** The registry answered, and takes no credential of this identity; of other registries that says nothing. */
  | "RegistryRefused"
  /** The identity service cannot be reached, or fails. */
  | "IdentityUnreachable"
  /** The identity service says that it is asked too often. */
  | "Throttled";

/** A provider matched and cannot help. There is no falling through to another provider or to anonymous (design 3). */
export class CredentialUnavailableError extends CodedError<"CREDENTIAL_UNAVAILABLE"> {
  readonly reason: UnavailableReason;
  /** `RateLimited` where the reason is `Throttled`, else `CredentialUnavailable`. */
  readonly class: ErrorClass;
  /** Epoch ms before which asking again is impolite. */
  readonly retryAt?: number;
  /** What the cloud calls the request, for its support: goes to the log, not into a status. */
  readonly requestId?: string;
  constructor(
    reason: UnavailableReason,
    message: string,
    options: { readonly cause?: unknown; readonly retryAt?: number; readonly requestId?: string } = {},
  ) {
    const { retryAt, requestId, ...rest } = options;
    super("CREDENTIAL_UNAVAILABLE", message, { ...rest, remedy: transient.has(reason) ? "retry" : "fix-configuration" });
    this.reason = reason;
    this.class = reason === "Throttled" ? "RateLimited" : "CredentialUnavailable";
    if (retryAt !== undefined) this.retryAt = retryAt;
    if (requestId !== undefined) this.requestId = requestId;
  }
}

const transient: ReadonlySet<UnavailableReason> = new Set(["IdentityUnreachable", "Throttled"]);

/** What the objects a provider reads look like now; shown in its status. */
export interface ProviderState {
  readonly ready: boolean;
  /** `Resolved`, `Anonymous`, or an {@link UnavailableReason}. */
  readonly reason: string;
  readonly message: string;
  /** Oddities that do not stop it: an ignored key, a Secret of the ServiceAccount that is missing. */
  readonly warnings: readonly string[];
  /** Whom it acts as in a cloud: a client id, the ARN of a role, an account; never a token. Absent: it has no identity of its own. */
  readonly identity?: string;
  /** Epoch ms: when the first of the credentials in use ends. Absent: none is in use, or they do not end. */
  readonly expiresAt?: number;
  /** Epoch ms: when a credential was last fetched. */
  readonly lastRefresh?: number;
  /** The last failure to fetch one; it stays after recovery, with `resolvedTime`. */
  readonly lastError?: RefreshError;
}

/** Times in epoch ms. */
export interface RefreshError {
  readonly class: ErrorClass;
  readonly message: string;
  readonly firstTime: number;
  readonly time: number;
  /** In a row. */
  readonly count: number;
  readonly resolvedTime?: number;
}

/** Plug-in port: what one AuthProvider object does. Built by a synchronous factory from material that was captured with the snapshot. */
export interface AuthProvider {
  /**
   * Credentials for one repository, most specific first, three at most; none is an answer too (`anonymous`).
   * @throws CredentialUnavailableError
   */
  credentials(repository: Repository, signal: AbortSignal): Promise<readonly Credential[]>;
  /**
   * A registry refused the credential of this `revision`: another one, fetched now or meanwhile; undefined where there is none that is newer, or one was
   * fetched just now. Absent: what it has changes with its objects only.
   * @throws CredentialUnavailableError
   */
  renew?(repository: Repository, revision: string, signal: AbortSignal): Promise<Credential | undefined>;
  /** Without waiting: the state of what was captured, and of what was fetched so far. */
  state(): ProviderState;
  /** Pure: why there would be no credential for this repository, as far as what was captured tells; for `explain`. Absent: it cannot tell. */
  unavailable?(repository: Repository): Unavailable | undefined;
}

/** Why a provider that matched has nothing to send. */
export interface Unavailable {
  readonly reason: UnavailableReason;
  readonly message: string;
}

/** What the factory of a plug-in is given beside its config. */
export interface AuthProviderDeps {
  /** Name of the AuthProvider object. */
  readonly name: string;
  /** Its `registries`: a plug-in gives nothing for a repository that none of them matches, whoever asks. */
  readonly patterns: readonly Pattern[];
  readonly material: MaterialReader;
  readonly clock: Clock;
  /** In [0, 1), for jitter and for names of credentials. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly cloud: CloudAccess;
  /** Of the object; absent: cluster-scoped. */
  readonly namespace?: string;
  /** `state()` answers otherwise than before. */
  readonly changed: () => void;
  /** A credential was fetched, or could not be: for those who count. */
  readonly fetched?: (fetch: { readonly outcome: "Fetched" | UnavailableReason; readonly tookMs: number }) => void;
  /** Directory that every file must lie in; absent: no files at all. */
  readonly fileRoot?: string;
}

/** Objects in the own namespace, captured when the snapshot is compiled; a read is recorded, so that a change of the object wakes who read it. */
export interface MaterialReader {
  /** `keys`: the data keys that are decoded; absent: all of them. */
  secret(name: string, keys?: readonly string[]): SecretMaterial | undefined;
  configMap(name: string): ConfigMapMaterial | undefined;
  serviceAccount(name: string): ServiceAccountMaterial | undefined;
  /** Why one of this kind that was asked for and not found may exist all the same; undefined: it does not. */
  withheld?(kind: "Secret" | "ConfigMap" | "ServiceAccount"): string | undefined;
}
export interface SecretMaterial {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  /** Decoded from base64. */
  readonly data: ReadonlyMap<string, Secret<Uint8Array>>;
}
export interface ConfigMapMaterial {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly data: ReadonlyMap<string, string>;
}
export interface ServiceAccountMaterial {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly imagePullSecrets: readonly string[];
}

/** One candidate of a selection and what became of it; `explain` prints them. */
export interface Candidate {
  /** Name of the AuthProvider. */
  readonly name: string;
  readonly pattern: string;
  /** Closed list, docs/reference/explain.md. */
  readonly reason: CandidateReason;
}
export type CandidateReason = "Selected" | "LessSpecific" | "MoreWildcards" | "PatternConflict" | "EqualRank" | "NoMatch";

export type Selection =
  | { readonly outcome: "Selected"; readonly provider: string; readonly pattern: string; readonly candidates: readonly Candidate[] }
  | {
      readonly outcome: "Anonymous" | "Denied";
      readonly nearest?: { readonly provider: string; readonly pattern: string } | undefined;
      readonly candidates: readonly Candidate[];
    }
  | {
      readonly outcome: "CredentialUnavailable" | "PatternConflict";
      readonly reason: UnavailableReason;
      readonly message: string;
      readonly provider?: string;
      readonly pattern?: string;
      readonly candidates: readonly Candidate[];
    };

/** What a Store sends its requests with. */
export interface Resolved {
  /** `https://host[:port]`; `http://…` exactly if the selected provider names the host in `plainHTTPHosts`. */
  readonly origin: string;
  /** To be tried in this order on 401 and 403; empty: anonymous. All are bound to `origin`. */
  readonly credentials: readonly BoundCredential[];
  /** After a refusal (401, or an expired token by another name): the credential to try in the place of `refused`, once; undefined where there is none. */
  readonly renew?: (refused: BoundCredential, signal: AbortSignal) => Promise<BoundCredential | undefined>;
  /** Token services on another host that this provider declares for this registry (canonical `host[:port]`). */
  readonly tokenHosts: readonly string[];
  /** Absent when no provider matched. */
  readonly provider?: string;
  /** Equal for two answers exactly if the same secrets would be sent. */
  readonly identity: string;
  /** For the message of a refusal: `sent without a credential: no AuthProvider matches mirror.acme.io (nearest pattern: "*.acme.com" of AuthProvider/acme)`. */
  readonly note?: string;
}

/** The providers that one Store may use, and which of them answers for a repository. */
export interface Keychain {
  /** Pure; its cost depends on the length of the reference, not on the number of patterns: `candidates` and `nearest` are computed when they are read. */
  select(repository: Repository): Selection;
  /** Pure: the origin that `resolve` would answer with, whether or not it has a credential. */
  origin(repository: Repository): string;
  /** @throws CredentialUnavailableError (also for `Denied`: reason `HostNotAllowed`) */
  resolve(repository: Repository, signal: AbortSignal): Promise<Resolved>;
}

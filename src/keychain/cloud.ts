import type { ErrorClass } from "../api/error-class.ts";
import type { Secret } from "../kernel/secret.ts";

/**
 * What the providers of clouds reach the world with. Each is a port: transport/ satisfies {@link ServiceClient}, kube/ {@link ServiceAccountTokens}, and
 * app/ reads {@link AmbientIdentity} from the pod's environment once, at start. SDKs get their connections from here and make none of their own.
 */
export interface CloudAccess {
  readonly http: ServiceClient;
  /** Absent outside of a cluster. */
  readonly tokens?: ServiceAccountTokens;
  readonly ambient: AmbientIdentity;
  /** A file that the pod's environment names (a projected token), whole, 64 KiB at most. Rejects with a Node error (`ENOENT`, …). */
  readFile(path: string, signal: AbortSignal): Promise<string>;
}

/**
 * One exchange with a service of a cloud, at a URL that a provider has built itself: no part of it comes from a registry or from a namespaced object.
 * Nothing is followed and nothing is tried twice here.
 */
export interface ServiceRequest {
  /** https; http only with `instance`. No user, no fragment. */
  readonly url: URL;
  /** Host names that this request may go to, exactly: an SDK that is talked into another host gets UnsafeEndpoint, and nothing is sent. */
  readonly hosts: readonly string[];
  readonly method: "GET" | "POST" | "PUT";
  /** All of them may be secret. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly body?: Secret<Uint8Array>;
  /**
   * `service`: a public host or a private endpoint of it, over TLS. `instance`: the metadata service of this machine, one of the addresses that are built
   * in, in plain HTTP; nothing else reaches those.
   */
  readonly reach: "service" | "instance";
  /** Longest body, in bytes; default 65,536. */
  readonly limitBytes?: number;
}

/** Every status is an answer. */
export interface ServiceResponse {
  readonly status: number;
  /** Lower-case names; the first value of each. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface ServiceClient {
  /** @throws an error with `class` (ErrorClass) and a message that names the host, or the signal's reason once it has aborted */
  send(request: ServiceRequest, signal: AbortSignal): Promise<ServiceResponse>;
}

/** A failure that a {@link ServiceClient} throws, by shape. */
export interface ServiceFailure {
  readonly class: ErrorClass;
  readonly message: string;
}

/** TokenRequest of the API server. */
export interface ServiceAccountTokens {
  /** Namespace that a cluster-scoped object's ServiceAccounts are in. */
  readonly namespace: string;
  /**
   * A token of a ServiceAccount for one audience, never the API server's own.
   * @throws CredentialUnavailableError TokenRequestDenied (no right, or no such ServiceAccount), IdentityUnreachable
   */
  mint(request: ServiceAccountTokenRequest, signal: AbortSignal): Promise<ServiceAccountToken>;
}
export interface ServiceAccountTokenRequest {
  /** Absent: the operator's. */
  readonly namespace?: string;
  readonly name: string;
  readonly audience: string;
  /** At least 600 (the API server's floor). */
  readonly expirationSeconds: number;
}
export interface ServiceAccountToken {
  readonly token: Secret;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** What webhooks of the clouds write into the environment of a pod; only cluster-scoped objects use it. */
export interface AmbientIdentity {
  /** AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_AUTHORITY_HOST. */
  readonly azure: { readonly tokenFile?: string; readonly clientID?: string; readonly tenantID?: string; readonly authorityHost?: string };
  /** AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. */
  readonly aws: {
    readonly tokenFile?: string;
    readonly roleARN?: string;
    readonly containerCredentialsURI?: string;
    readonly containerTokenFile?: string;
  };
  /** ALIBABA_CLOUD_OIDC_TOKEN_FILE, ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN. */
  readonly alibaba: { readonly tokenFile?: string; readonly roleARN?: string; readonly oidcProviderARN?: string };
}

import type { Clock } from "../kernel/clock.ts";
import type { ServiceAccountToken, ServiceAccountTokenRequest, ServiceAccountTokens } from "../keychain/cloud.ts";
import { CredentialUnavailableError } from "../keychain/ports.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { isServerAudience } from "../kube/token-audience.ts";
import { requestToken } from "../kube/token-request.ts";
import { echo } from "../oci/parsed.ts";

export interface ClusterTokensOptions {
  readonly client: Pick<KubeClient, "request" | "server" | "tokenClaims">;
  /** Of the operator: cluster-scoped objects have no other. */
  readonly namespace: string;
  readonly clock: Clock;
}

/** The API server's floor. */
const shortestSeconds = 600;
/** Visible ASCII; the longest that a cloud has is a Google provider's resource name. */
const audienceRule = /^[\x21-\x7e]{1,512}$/;

/** Tokens of ServiceAccounts from the API server, one audience each. */
export class ClusterTokens implements ServiceAccountTokens {
  readonly namespace: string;
  readonly #options: ClusterTokensOptions;

  constructor(options: ClusterTokensOptions) {
    this.#options = options;
    this.namespace = options.namespace;
  }

  async mint(request: ServiceAccountTokenRequest, signal: AbortSignal): Promise<ServiceAccountToken> {
    const { client } = this.#options;
    const { name, audience, namespace = this.namespace } = request;
    const account = { namespace, name };
    if (!audienceRule.test(audience))
      throw new CredentialUnavailableError("TokenRequestDenied", `A token of ${nameOf(account)} has no audience: none is asked for`);
    try {
      if (isServerAudience(audience, { server: client.server, claims: await client.tokenClaims(signal) })) {
        const message = `A token of ${nameOf(account)} for "${echo(audience)}" would be good at the API server itself: none is asked for`;
        throw new CredentialUnavailableError("TokenRequestDenied", message);
      }
      const expirationSeconds = Math.max(request.expirationSeconds, shortestSeconds);
      return await requestToken(client, { ...account, audience, expirationSeconds }, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof KubeError ? this.#unavailable(error, account) : error;
    }
  }

  /** In our own words: what the server says may quote what it was sent. */
  #unavailable(error: KubeError, account: Account): CredentialUnavailableError {
    const { status, retryAfterMs } = error;
    const subject = `a token of ${nameOf(account)}`;
    if (status === 403) return new CredentialUnavailableError("TokenRequestDenied", missingRight(account));
    if (status === 404) return new CredentialUnavailableError("RefNotFound", `${nameOf(account)} does not exist`);
    if (status === 400 || status === 422 || error.code === "KUBE_CONFIG_INVALID")
      return new CredentialUnavailableError("TokenRequestDenied", `The API server refuses ${subject} as it is asked for`);
    if (error.code === "KUBE_PROTOCOL_VIOLATION" || error.code === "KUBE_LIMIT_EXCEEDED")
      return new CredentialUnavailableError("IdentityUnreachable", `What the API server answered is not ${subject}`);
    const why = status === undefined ? "cannot be reached" : `answered with ${status}`;
    const retryAt = retryAfterMs === undefined ? {} : { retryAt: this.#options.clock.now() + retryAfterMs };
    return new CredentialUnavailableError("IdentityUnreachable", `The API server ${why} when asked for ${subject}`, retryAt);
  }
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

function nameOf({ namespace, name }: Account): string {
  return `ServiceAccount/${echo(`${namespace}/${name}`, 127)}`;
}

/** Fits into a condition with names of some length; the role still has to be bound, which docs/reference/rbac.md shows. */
function missingRight({ namespace, name }: Account): string {
  const [where, who] = [echo(namespace, 63), echo(name, 63)];
  const command = `kubectl create role countersign-token -n ${where} --verb=create --resource=serviceaccounts/token --resource-name=${who}`;
  return `The operator may not create serviceaccounts/token of ${where}/${who}: ${command}, and bind it (rbac.md)`;
}

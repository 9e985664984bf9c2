import { Secret } from "../kernel/secret.ts";
import type { KubeClient } from "./client.ts";
import { KubeError } from "./kube-error.ts";
import { objectPath } from "./resource.ts";
import { record } from "./status.ts";
import { claimsOf } from "../pki/token-claims.ts";

/** Whose token is asked for, and for whom it is to be good. */
export interface TokenRequest {
  readonly namespace: string;
  /** Of the ServiceAccount. */
  readonly name: string;
  readonly audience: string;
  /** The server refuses less than 600, and may answer with less than was asked for. */
  readonly expirationSeconds: number;
}

export interface IssuedToken {
  readonly token: Secret;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** The whole call, further attempts included: who waits for a credential has a deadline of seconds, in ms. */
const timeoutMs = 5000;
/** Only what the server asks us to repeat, and there is little time for that. */
const retries = 2;
/** An answer is a token of 1 to 2 KiB and a few fields. */
const maxBytes = 65_536;

/** RFC 1123, as names of namespaces and ServiceAccounts are: what stands in a path must not be able to be another path. */
const dnsName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** metav1.Time. */
const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * A token of a ServiceAccount by the TokenRequest API (authentication.k8s.io/v1). It is given on only if it is what was asked for: one for another audience, or
 * of another account, is dropped here.
 * @throws {KubeError} with any code
 */
export async function requestToken(client: Pick<KubeClient, "request">, request: TokenRequest, signal: AbortSignal): Promise<IssuedToken> {
  const { namespace, name, audience, expirationSeconds } = request;
  if (!dnsName.test(namespace) || !dnsName.test(name)) throw new KubeError("KUBE_CONFIG_INVALID", "A ServiceAccount has no such name");
  const resource = { version: "v1", plural: "serviceaccounts", kind: "ServiceAccount" };
  const path = objectPath({ resource, namespace }, name, "token");
  const body = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [audience], expirationSeconds },
  };
  const answer = await client.request({ method: "POST", path, body, maxBytes, timeoutMs, retries }, signal);
  const { token, expirationTimestamp } = record(record(answer.body)["status"]);
  const claims = typeof token === "string" ? claimsOf(token) : undefined;
  const expiresAt = typeof expirationTimestamp === "string" && timestamp.test(expirationTimestamp) ? Date.parse(expirationTimestamp) : NaN;
  const violation = (what: string): KubeError => new KubeError("KUBE_PROTOCOL_VIOLATION", `POST ${path} was answered ${what}`);
  if (typeof token !== "string" || claims === undefined || Number.isNaN(expiresAt)) throw violation("without a token and its end");
  if (claims.audiences.length !== 1 || claims.audiences[0] !== audience) throw violation("with a token for another audience");
  if (claims.subject !== `system:serviceaccount:${namespace}:${name}`) throw violation("with a token of another account");
  return { token: new Secret(token), expiresAt };
}

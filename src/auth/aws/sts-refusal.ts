import type { FederatedSource } from "../../keychain/federated-token.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import type { Secret } from "../../kernel/secret.ts";
import { claimsOf } from "../../pki/token-claims.ts";
import { echo } from "../../oci/parsed.ts";
import { commonRefusal, detailsOf, type Refusal, type Service } from "./ask.ts";

interface Attempted {
  readonly service: Service;
  readonly roleARN: string;
  readonly region: string;
  /** `ServiceAccount/countersign/operator`. */
  readonly whose: string;
  readonly token: Secret;
  readonly source: FederatedSource;
}

/** Characters of an issuer and of a subject that a sentence of 256 bytes has room for. */
const [issuerEcho, subjectEcho] = [80, 90];

/** Why STS gave no session, as what to mend. What matters stands first: a status cuts at 256 bytes. */
export function stsRefusal(refusal: Refusal, attempted: Attempted): CredentialUnavailableError {
  const common = commonRefusal(attempted.service, refusal);
  if (common !== undefined) return common;
  // AWS calls one error by two names, on the wire and in its SDK.
  const code = refusal.code.replace(/Exception$/, "");
  const reason = code === "IDPCommunicationError" ? "IdentityUnreachable" : "IdentityRefused";
  return new CredentialUnavailableError(reason, sentence(code, refusal.code, attempted), detailsOf(refusal));
}

function sentence(code: string, shown: string, { service, roleARN, region, whose, token, source }: Attempted): string {
  const account = roleARN.split(":")[4] ?? "";
  const { issuer, subject, audiences } = claimsOf(token.reveal()) ?? { audiences: [] };
  switch (code) {
    case "AccessDenied":
    case "IDPRejectedClaim":
      return `AWS STS does not let ${whose} assume ${echo(roleARN)} (${shown}): its trust policy must allow sub ${echo(subject ?? "of the token", subjectEcho)}, aud ${source.audience}`;
    case "InvalidIdentityToken":
      return `AWS STS does not take the token of ${whose} (${shown}): account ${account} needs an IAM OIDC provider for ${echo(issuer ?? "its issuer", issuerEcho)}, client id ${echo(audiences[0] ?? source.audience, 40)}, keys and certificate reachable`;
    case "ExpiredToken":
      return `AWS STS says that the token of ${whose} has expired (${shown}): compare the clocks, and see that the kubelet renews its file`;
    case "IDPCommunicationError":
      return `AWS STS cannot read the keys of the cluster's issuer ${echo(issuer ?? "", issuerEcho)} (${shown}): they must be public; it is asked again`;
    case "RegionDisabled":
      return `AWS STS is not active in ${region} for account ${account} (${shown}): activate it in IAM's account settings, or set stsRegion`;
    case "OptInRequired":
      return `Region ${region} is not enabled for account ${account} (${shown}): enable it, or set stsRegion`;
    default:
      return `${service.name} refused ${whose} for ${echo(roleARN)} (${shown})`;
  }
}

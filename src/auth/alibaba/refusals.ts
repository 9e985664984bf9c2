import { CredentialUnavailableError } from "../../keychain/ports.ts";
import { askedTooOften, codeWord, requestIdText } from "../../keychain/service-answer.ts";
import { type Located, nameOfInstance } from "./hosts.ts";

/** What Alibaba's OpenAPI says of a call that it does not carry out: `Code` is a word, `Message` is prose and stays out. */
export interface Refusal {
  readonly code: string | undefined;
  readonly status: number;
  readonly requestID: string | undefined;
}

type Answer = Readonly<Record<string, unknown>> | undefined;

export function refusalOf(status: number, answer: Answer): Refusal {
  // The API of the Personal Edition writes refusals of its own in lower case.
  const id = answer?.["RequestId"] ?? answer?.["requestId"];
  return {
    code: codeWord(answer?.["Code"] ?? answer?.["code"]),
    status,
    requestID: requestIdText(id),
  };
}

/** Throttling comes as 400 as well as 429 (`Throttling.User`, `Throttling.Api`, …). */
export function isThrottled({ code }: Refusal): boolean {
  return code?.startsWith("Throttling") === true;
}

export function throttled(service: string, { requestID, code, status }: Refusal): CredentialUnavailableError {
  return askedTooOften(service, code ?? status, requestId(requestID));
}

/** Whose token was shown, and for what. */
export interface Assumed {
  /** `ServiceAccount/countersign/reader`. */
  readonly whose: string;
  readonly roleARN: string;
  readonly oidcProviderARN: string;
  /** Whether the operator chose the audience of the token, or who projected it. */
  readonly audience: string;
}

/** AssumeRoleWithOIDC: https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-errorcodes. */
export function roleRefused({ whose, roleARN, oidcProviderARN, audience }: Assumed, refusal: Refusal): CredentialUnavailableError {
  const { code, status } = refusal;
  const said = code ?? status;
  const trust = `let its trust policy allow sts:AssumeRole to ${oidcProviderARN} for oidc:sub`;
  switch (code) {
    case "AuthenticationFail.OIDCToken.AudienceNotMatch":
      return refused(
        `Alibaba Cloud STS refuses the token of ${whose} (${said}): add the client id ${audience} to ${oidcProviderARN}`,
        refusal,
      );
    case "AuthenticationFail.OIDCToken.IssuerNotMatch":
    case "AuthenticationFail.OIDCToken.InvalidSignature":
    case "AuthenticationFail.OIDCToken.HttpsUrlInvalid":
      return refused(
        `Alibaba Cloud STS refuses the token of ${whose} (${said}): ${oidcProviderARN} has to have this cluster's issuer, keys and fingerprint`,
        refusal,
      );
    case "AuthenticationFail.OIDCToken.Expired":
      return refused(`Alibaba Cloud STS refuses the token of ${whose} (${said}): compare the clocks of both sides`, refusal);
    case "EntityNotExist.Role":
      return refused(`Alibaba Cloud has no role ${roleARN} (${said}): create it, or correct roleARN`, refusal);
    case "AuthenticationFail.NoPermission":
    case "NoPermission":
      return refused(`${whose} may not assume ${roleARN} (${said}): ${trust}`, refusal);
    default:
      return refused(`Alibaba Cloud STS does not let ${whose} assume ${roleARN} (${said})`, refusal);
  }
}

/** GetAuthorizationToken of Container Registry: what one instance says is no verdict on the others. */
export function instanceRefused(
  { instance, roleARN }: { readonly instance: Located; readonly roleARN: string },
  refusal: Refusal,
): CredentialUnavailableError {
  const { code, status, requestID } = refusal;
  const said = code ?? status;
  const isUnknown = instance.instanceID !== undefined && /^(INSTANCE_NOT_EXIST|Instance\w*NotExist|\w*NotFound)$/.test(code ?? "");
  const message = isUnknown
    ? `Alibaba Cloud Container Registry has no instance ${nameOfInstance(instance)} (${said}): correct instanceID`
    : `Alibaba Cloud Container Registry gives ${roleARN} no token of ${nameOfInstance(instance)} (${said}): allow the role cr:GetAuthorizationToken and cr:PullRepository there`;
  return new CredentialUnavailableError("RegistryRefused", message, requestId(requestID));
}

function refused(message: string, { requestID }: Refusal): CredentialUnavailableError {
  return new CredentialUnavailableError("IdentityRefused", message, requestId(requestID));
}

function requestId(id: string | undefined): { readonly requestId?: string } {
  return id === undefined ? {} : { requestId: id };
}

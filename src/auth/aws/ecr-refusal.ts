import { CredentialUnavailableError, type UnavailableReason } from "../../keychain/ports.ts";
import { commonRefusal, detailsOf, type Refusal, type Service } from "./ask.ts";
import type { EcrTarget } from "./ecr-host.ts";

/** The session is what is refused: another one may do. */
const stale: ReadonlySet<string> = new Set(["ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId"]);

export function isStaleSession({ code }: Refusal): boolean {
  return stale.has(plain(code));
}

/** Why Amazon ECR gave no token, as what to mend. */
export function ecrRefusal(
  refusal: Refusal,
  { service, target, identity }: { readonly service: Service; readonly target: EcrTarget; readonly identity: string },
): CredentialUnavailableError {
  const common = commonRefusal(service, refusal);
  if (common !== undefined) return common;
  const { code } = refusal;
  const say = (reason: UnavailableReason, message: string): CredentialUnavailableError =>
    new CredentialUnavailableError(reason, message, detailsOf(refusal));
  switch (plain(code)) {
    case "AccessDenied":
      return say("RegistryRefused", `${identity} may not get a token of ${service.name} (${code}): ${remedy(target)}`);
    case "ExpiredToken":
    case "UnrecognizedClient":
    case "InvalidClientTokenId":
      return say(
        "IdentityRefused",
        `${service.name} takes no session of ${identity} (${code}): is ${target.region} enabled for its account, and the session not revoked?`,
      );
    case "OptInRequired":
      return say("RegistryRefused", `Region ${target.region} is not enabled for the account of ${identity} (${code})`);
    case "InvalidSignature":
    case "SignatureDoesNotMatch":
    case "RequestExpired":
      return say("RegistryRefused", `${service.name} refused the signature of ${identity} (${code}): compare the clock of this machine`);
    default:
      return say("RegistryRefused", `${service.name} refused ${identity} (${code})`);
  }
}

function remedy({ kind }: EcrTarget): string {
  return kind === "public"
    ? "allow it ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on *"
    : "allow it ecr:GetAuthorizationToken on *, also in policies of the VPC endpoint and the organization";
}

/** One error has two names in AWS's services, with and without this end. */
function plain(code: string): string {
  return code.replace(/Exception$/, "");
}

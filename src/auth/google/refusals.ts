import { CredentialUnavailableError } from "../../keychain/ports.ts";
import { codeWord } from "../../keychain/service-answer.ts";
import type { WorkloadIdentityFederation } from "../../api/auth-google.ts";

/** What is exchanged, in words. */
export interface Federated {
  readonly pool: WorkloadIdentityFederation;
  readonly audience: string;
  /** `ServiceAccount/countersign/reader`. */
  readonly whose: string;
  /** The service account that is acted as. */
  readonly email?: string;
}

type Answer = Readonly<Record<string, unknown>> | undefined;

/** RFC 6749 §5.2 and RFC 8693 §2.2.2: `error` is a word, `error_description` is Google's prose and stays out. */
export function tokenRefused({ pool, whose }: Federated, status: number, answer: Answer): CredentialUnavailableError {
  const code = codeWord(answer?.["error"]) ?? apiCode(answer);
  const said = code ?? status;
  const provider = `"${pool.poolID}/${pool.providerID}" of project ${pool.projectNumber}`;
  switch (code) {
    case "invalid_target":
      return refused(
        `Google has no provider ${provider} (${said}): create or enable pool and provider, or correct projectNumber, poolID and providerID`,
      );
    case "invalid_grant":
      return refused(
        `Google refuses the token of ${whose} (${said}): provider ${provider} has to have this cluster's issuer and keys, and the default audience`,
      );
    case "unauthorized_client":
      return refused(
        `Google refuses the token of ${whose} (${said}): the attribute condition of provider ${provider} does not hold for it`,
      );
    case "SERVICE_DISABLED":
      return refused(`Google's token service is not enabled (${said}): enable sts.googleapis.com in project ${pool.projectNumber}`);
    default:
      return refused(`Google's token service refuses the token of ${whose} for provider ${provider} (${said})`);
  }
}

/** AIP-193: `error.details[].reason` is a word, `error.message` is prose. */
export function impersonationRefused({ pool, whose, email }: Federated, status: number, answer: Answer): CredentialUnavailableError {
  const code = apiCode(answer);
  const said = code ?? status;
  if (code === "SERVICE_DISABLED")
    return refused(
      `Google's IAM Credentials API is not enabled (${said}): enable iamcredentials.googleapis.com in project ${pool.projectNumber}`,
    );
  if (status === 404) return refused(`Google knows no service account ${email} (${said}): correct serviceAccountEmail`);
  if (status === 403)
    return refused(
      `${whose} may not act as ${email} (${said}): grant its principal in pool "${pool.poolID}" roles/iam.workloadIdentityUser on that account, which has to exist`,
    );
  return refused(`Google's IAM Credentials API gives ${whose} no token of ${email} (${said})`);
}

function apiCode(answer: Answer): string | undefined {
  const error = answer?.["error"];
  if (typeof error !== "object" || error === null) return undefined;
  const { details, status } = error as { readonly details?: unknown; readonly status?: unknown };
  const reasons: readonly unknown[] = Array.isArray(details) ? details.slice(0, 16) : [];
  const words = reasons.map((detail) =>
    typeof detail === "object" && detail !== null ? codeWord((detail as { readonly reason?: unknown }).reason) : undefined,
  );
  return words.find((word) => word !== undefined) ?? codeWord(status);
}

function refused(message: string): CredentialUnavailableError {
  return new CredentialUnavailableError("IdentityRefused", message);
}

import type { ServiceResponse } from "../../keychain/cloud.ts";
import { CredentialUnavailableError } from "../../keychain/ports.ts";
import { jsonObject } from "../../keychain/service-answer.ts";
import { field } from "../../oci/json.ts";
import { echo } from "../../oci/parsed.ts";
import type { TokenClaims } from "../../pki/token-claims.ts";
import { uuidOf } from "./service.ts";

/** Who asked Microsoft Entra ID, for the sentence that says why it refused. */
export interface EntraAsker {
  readonly clientID: string;
  readonly tenantID: string;
  /** `ServiceAccount/countersign/operator`, or the file. */
  readonly source: string;
  readonly audience: string;
  /** Of the federated token. */
  readonly claims: Pick<TokenClaims, "issuer" | "subject">;
}

const who = "Microsoft Entra ID";

/** Why there is no token: of what the answer says only a number that is an AADSTS code, and ids that are UUIDs, are repeated. */
export function entraRefusal(answer: ServiceResponse, asker: EntraAsker): CredentialUnavailableError {
  const object = jsonObject(answer);
  const of = (name: string): unknown => (object === undefined ? undefined : field(object, name));
  const requestId = entraRequestId(answer);
  const code = codeOf(of("error_codes"), of("error_description"));
  const refused = `${who} refused the federated token of ${asker.source} for client ${asker.clientID}`;
  const options = requestId === undefined ? {} : { requestId };
  if (code === undefined) {
    const detail = `it answered ${answer.status} without a code; look into the sign-in logs of tenant ${asker.tenantID}`;
    return new CredentialUnavailableError("IdentityRefused", `${refused}: ${detail}`, options);
  }
  if (transientCodes.has(code))
    return new CredentialUnavailableError("IdentityUnreachable", `${who} fails at the moment (AADSTS${code})`, options);
  const [problem, remedy] = explain(code, asker);
  return new CredentialUnavailableError("IdentityRefused", `${refused}: ${problem} (AADSTS${code}); ${remedy}`, options);
}

/** Of its body where it has one; a failing front end has a header at most. */
export function entraRequestId(answer: ServiceResponse): string | undefined {
  const object = jsonObject(answer);
  return uuidOf(object === undefined ? undefined : field(object, "trace_id")) ?? uuidOf(answer.headers.get("x-ms-request-id"));
}

/** learn.microsoft.com, "Microsoft Entra authentication and authorization error codes": failures of the service that pass by themselves. */
const transientCodes: ReadonlySet<number> = new Set([90_006, 90_033]);

type Explanation = (asker: EntraAsker) => readonly [problem: string, remedy: string];

const noMatch: Explanation = ({ claims: { issuer, subject }, audience }) => {
  const [iss, sub] = [issuer, subject].map((claim) => (claim === undefined ? "that of its token" : `"${echo(claim, 253)}"`));
  return ["no matching federated identity", `create one with issuer ${iss}, subject ${sub} and audience "${audience}"`];
};
const unreadableIssuer: Explanation = ({ claims: { issuer } }) => [
  "it cannot check the token with the keys of its issuer",
  `${issuer === undefined ? "the issuer" : `"${echo(issuer, 253)}"`} must serve /.well-known/openid-configuration and its keys to the internet`,
];

const explanations: ReadonlyMap<number, Explanation> = new Map<number, Explanation>([
  [70_021, noMatch],
  [70_025, noMatch],
  [700_211, noMatch],
  [700_212, noMatch],
  [700_213, noMatch],
  [700_016, ({ tenantID }) => ["no such application", `correct clientID, or tenantID: tenant ${tenantID} does not know the client`]],
  [
    700_024,
    () => ["the token has expired, or is not valid yet", "compare the clock of the API server, which dates it, with the time of day"],
  ],
  [700_027, unreadableIssuer],
  [50_166, unreadableIssuer],
  [501_661, unreadableIssuer],
  [90_002, ({ tenantID }) => ["no such tenant", `correct tenantID ${tenantID}, or cloud`]],
  [
    7_000_229,
    ({ clientID, tenantID }) => [
      "the application has no service principal in the tenant",
      `let an administrator of tenant ${tenantID} create it: az ad sp create --id ${clientID}`,
    ],
  ],
  [7_000_112, () => ["the application is disabled", "enable it in its tenant"]],
  [50_034, ({ tenantID }) => ["the account is not in the tenant", `correct tenantID ${tenantID}`]],
  [53_003, ({ tenantID }) => ["a conditional access policy blocks it", `let the workload through in the policies of tenant ${tenantID}`]],
  [
    500_011,
    ({ tenantID }) => [
      "the tenant does not know Azure Container Registry",
      `register the resource provider Microsoft.ContainerRegistry in a subscription of tenant ${tenantID}`,
    ],
  ],
]);

/** Of which more is said than the code; docs/reference/auth-azure.md has a row for each. */
export const explainedCodes: ReadonlySet<number> = new Set(explanations.keys());

function explain(code: number, asker: EntraAsker): readonly [string, string] {
  const known = explanations.get(code);
  if (known !== undefined) return known(asker);
  return ["no token", `its documentation says what the code means, and the sign-in logs of tenant ${asker.tenantID} why`];
}

/** AADSTS codes are numbers of five to eight digits. */
function codeOf(codes: unknown, description: unknown): number | undefined {
  const [first] = Array.isArray(codes) ? (codes as readonly unknown[]) : [];
  if (typeof first === "number" && Number.isInteger(first) && first >= 10_000 && first < 100_000_000) return first;
  const found = typeof description === "string" ? /^AADSTS([0-9]{5,8}):/.exec(description)?.[1] : undefined;
  return found === undefined ? undefined : Number(found);
}

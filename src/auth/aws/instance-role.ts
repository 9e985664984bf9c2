import { type AuthProviderDeps, CredentialUnavailableError } from "../../keychain/ports.ts";
import { Secret } from "../../kernel/secret.ts";
import { field } from "../../oci/json.ts";
import { type Answer, detailsOf, type Refusal, type Service } from "./ask.ts";
import { askInstance, metadataRefusal, objectIn, sessionIn } from "./metadata.ts";
import type { RoleSession, RoleSource } from "./role.ts";

const service: Service = { name: "The instance metadata service", host: "169.254.169.254" };
const credentialsPath = "/latest/meta-data/iam/security-credentials/";
/** Of the session with the metadata service itself: it is used at once, in seconds. */
const tokenSeconds = "60";
/** As IAM has them. */
const roleShape = /^[\w+=,.@-]{1,64}$/;

/** The role of the instance profile of the node that the operator's pod is on, by version 2 of its metadata service and never by version 1. */
export function instanceRole(deps: AuthProviderDeps): RoleSource {
  let role: string | undefined;
  return {
    get identity() {
      return role === undefined ? "the node's instance role" : `the node's instance role ${role}`;
    },
    group: () => ({ group: "instance", place: "metadata" }),
    fetch: async (_target, signal) => {
      const found = await fetch(deps, signal);
      role = found.role;
      return found.session;
    },
  };
}

async function fetch(
  { cloud, clock }: AuthProviderDeps,
  signal: AbortSignal,
): Promise<{ readonly role: string; readonly session: RoleSession }> {
  const context = { cloud, service, now: clock.now() };
  const ask = async (method: "GET" | "PUT", path: string, headers: Readonly<Record<string, string>>): Promise<string> => {
    const secrets = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new Secret(value)]));
    return new TextDecoder().decode(given(await askInstance({ method, path, headers: secrets }, context, signal)));
  };
  const token = await started(ask("PUT", "/latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": tokenSeconds }), signal);
  if (!/^[\x21-\x7e]{1,1024}$/.test(token)) throw notThere("no token");
  const session = { "x-aws-ec2-metadata-token": token };
  const [role = ""] = (await ask("GET", credentialsPath, session)).split("\n");
  if (!roleShape.test(role)) throw notThere("no role");
  const body = new TextEncoder().encode(await ask("GET", `${credentialsPath}${encodeURIComponent(role)}`, session));
  const code = field(objectIn(body, service), "Code");
  if (code !== "Success") throw notThere(typeof code === "string" && /^[A-Za-z]{1,64}$/.test(code) ? code : "no success");
  return { role, session: sessionIn(body, service) };
}

/** The usual reason for silence is that answers may not travel the one hop more that a pod is away. */
async function started(first: Promise<string>, signal: AbortSignal): Promise<string> {
  try {
    return await first;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CredentialUnavailableError) || error.reason !== "IdentityUnreachable") throw error;
    throw new CredentialUnavailableError(
      "IdentityUnreachable",
      `The operator's pod has no identity of its own, and the node's metadata service does not answer it (is its hop limit 2?): ${error.message}`,
    );
  }
}

function given(answer: Answer<Uint8Array>): Uint8Array {
  if (answer.ok) return answer.value;
  throw metadataRefusal(service, answer.refusal, refused);
}

function refused(refusal: Refusal): CredentialUnavailableError {
  return notThere(refusal.code, refusal);
}

function notThere(code: string, refusal?: Refusal): CredentialUnavailableError {
  return new CredentialUnavailableError(
    "IdentityNotFound",
    `The node has no instance role for the operator's pod (${code}): give it an instance profile, or the pod an identity of its own (IRSA, EKS Pod Identity)`,
    refusal === undefined ? {} : detailsOf(refusal),
  );
}

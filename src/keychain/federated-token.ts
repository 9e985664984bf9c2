import { Secret } from "../kernel/secret.ts";
import { objectId } from "../api/object.ts";
import { echo } from "../oci/parsed.ts";
import { type AuthProviderDeps, CredentialUnavailableError, type Unavailable } from "./ports.ts";

/** Where the token comes from that a cloud takes as proof of who we are. */
export interface FederatedSource {
  /** A ServiceAccount of the object's own namespace, or of the operator's. */
  readonly serviceAccount?: string;
  /** In its place: a file that the environment of the pod names. */
  readonly file?: { readonly path: string; readonly variable: string };
  /** Of a token that is asked for; a file's was chosen by who projected it. */
  readonly audience: string;
}

type Deps = Pick<AuthProviderDeps, "namespace" | "cloud" | "material">;

/** The API server's floor; the exchange takes seconds. */
const expirationSeconds = 600;

/** What is wrong before a token is asked for, as far as that can be told. Reads the ServiceAccount, so that its creation is noticed. Pure. */
export function federatedProblem(source: FederatedSource, { material, cloud, namespace }: Deps): Unavailable | undefined {
  const { serviceAccount, file } = source;
  if (serviceAccount === undefined) {
    if (namespace !== undefined)
      return { reason: "IdentityNotFound", message: "A NamespacedAuthProvider uses the token of a ServiceAccount: set serviceAccountRef" };
    return file === undefined
      ? { reason: "IdentityNotFound", message: "The operator's pod has no identity in this cloud, and serviceAccountRef is not set" }
      : undefined;
  }
  const found = material.serviceAccount(serviceAccount);
  if (cloud.tokens === undefined)
    return { reason: "IdentityNotFound", message: `${nameOf(source, namespace)} has tokens in a cluster only: there is none here` };
  if (found !== undefined) return undefined;
  const message = material.withheld?.("ServiceAccount") ?? `${nameOf(source, namespace)} does not exist`;
  return { reason: "RefNotFound", message };
}

/** For sentences: `ServiceAccount/countersign/operator`, or the file. */
export function nameOf({ serviceAccount, file }: FederatedSource, namespace: string | undefined): string {
  if (serviceAccount !== undefined)
    return `ServiceAccount/${echo(objectId({ name: serviceAccount, ...(namespace !== undefined && { namespace }) }), 317)}`;
  return file === undefined ? "the operator's pod" : `the token file of the operator's pod (${file.variable})`;
}

/** @throws CredentialUnavailableError */
export async function federatedToken(source: FederatedSource, deps: Deps, signal: AbortSignal): Promise<Secret> {
  const problem = federatedProblem(source, deps);
  if (problem !== undefined) throw new CredentialUnavailableError(problem.reason, problem.message);
  const { serviceAccount, file, audience } = source;
  const { namespace, cloud } = deps;
  if (serviceAccount !== undefined && cloud.tokens !== undefined) {
    const request = { name: serviceAccount, audience, expirationSeconds, ...(namespace !== undefined && { namespace }) };
    return (await cloud.tokens.mint(request, signal)).token;
  }
  try {
    const text = await cloud.readFile(file?.path ?? "", signal);
    // It goes into a form: one line, without spaces.
    if (!/^[\x21-\x7e]+$/.test(text)) throw new RangeError("not a token");
    return new Secret(text);
  } catch (error) {
    signal.throwIfAborted();
    // What a parser or the file says stays out: its content may be what it quotes.
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw new CredentialUnavailableError(
      "IdentityNotFound",
      `${nameOf(source, undefined)} ${isMissing ? "does not exist: is the identity webhook of the cloud at work here?" : "cannot be read, or is no token"}`,
    );
  }
}

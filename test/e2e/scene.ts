/** A control plane with everything applied, and a private registry with one signed and one unsigned image. */
import { kindTable } from "../../src/api/kinds.ts";
import { type CertificateAuthority, createAuthority, loopback } from "../support/certificates.ts";
import type { AuditEntry, ControlPlane } from "../support/real/control-plane.ts";
import { createCosign } from "../support/real/cosign.ts";
import { pushImage } from "../support/real/image.ts";
import { type DistributionRegistry, startDistribution } from "../support/real/registries.ts";
import { apply, caConfigMap, dockerSecret, eventually, installed, store, tools, trust } from "./fixture.ts";

export const reader = { username: "reader", password: "canary-password-91c4" } as const;

export interface Scene extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly registry: DistributionRegistry;
  /** Of the registry's certificate. */
  readonly authority: CertificateAuthority;
  /** Of the registry: "127.0.0.1:21501". */
  readonly host: string;
  /** References by digest. */
  readonly signed: string;
  readonly unsigned: string;
  /** A Store of the registry's `private/`, with its CA. */
  store(name: string, spec?: object): object;
}

/** Trust in the key that signed, the CA, and the Secret `reader` are applied; Stores and AuthProviders are each test's own. */
export async function startScene(flags: { readonly flags?: readonly string[] } = {}): Promise<Scene> {
  if (tools === undefined) throw new TypeError("startScene() without tools");
  const parts = new AsyncDisposableStack();
  try {
    const plane = parts.use(await installed(flags));
    const authority = createAuthority();
    const users = { [reader.username]: reader.password };
    const registry = parts.use(await startDistribution({ tools, tls: authority.issue(loopback), auth: { type: "htpasswd", users } }));
    const { host } = registry;
    const target = { url: registry.url, repository: "private/app", ca: authority.pem, credentials: reader };
    const signed = await pushImage(target, { seed: "signed", tag: "signed" });
    const unsigned = await pushImage(target, { seed: "unsigned", tag: "unsigned" });
    const cosign = await createCosign({ tools });
    parts.defer(() => cosign.close());
    const key = await cosign.createKey();
    await cosign.sign(signed.reference, { ca: authority.pem, credentials: reader, key });
    await apply(plane, dockerSecret("reader", { [host]: reader }), caConfigMap("ca", authority.pem), ...trust("release", key.publicKeyPem));
    const owned = parts.move();
    return {
      plane,
      registry,
      authority,
      host,
      signed: `${host}/private/app@${signed.digest}`,
      unsigned: `${host}/private/app@${unsigned.digest}`,
      store: (name, spec) =>
        store(name, {
          scopes: [`${host}/private`],
          registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } },
          ...spec,
        }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } finally {
    await parts.disposeAsync();
  }
}

export interface Judged {
  readonly metadata: { readonly uid: string; readonly generation: number; readonly resourceVersion: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
    readonly [field: string]: unknown;
  };
}

/** An object as the API server has it; undefined where there is none. */
export async function read(plane: ControlPlane, resource: string, name: string, namespace?: string): Promise<Judged | undefined> {
  const where = namespace === undefined ? [] : ["--namespace", namespace];
  const { code, stdout } = await plane.kubectl(["get", `${resource}.countersign.dev`, name, ...where, "-o", "json"]);
  return code === 0 ? (JSON.parse(stdout) as Judged) : undefined;
}

/** `True/Succeeded`; undefined where there is no such condition of the object's present generation. */
export function condition(object: Judged | undefined, type: string): string | undefined {
  if (object?.status?.observedGeneration !== object?.metadata.generation) return undefined;
  const found = object?.status?.conditions?.find((entry) => entry.type === type);
  return found === undefined ? undefined : `${found.status}/${found.reason}`;
}

/** Waits until a condition is as expected, and gives the object then; says what it was in the end. */
export async function judged(
  plane: ControlPlane,
  [resource, name, namespace]: readonly [resource: string, name: string, namespace?: string],
  expected: Readonly<Record<string, string>>,
): Promise<Judged> {
  let last: Judged | undefined;
  try {
    return await eventually(`${resource}/${name} is ${JSON.stringify(expected)}`, async () => {
      last = await read(plane, resource, name, namespace);
      return Object.entries(expected).every(([type, value]) => condition(last, type) === value) ? last : undefined;
    });
  } catch (error) {
    throw new TypeError(`${error instanceof Error ? error.message : ""}; it is ${JSON.stringify(last?.status?.conditions)}`, {
      cause: error,
    });
  }
}

/** What the operator has asked the API server, a watch once: `patch stores/status app`, `watch secrets`, `watchlist stores`; oldest first. */
export async function operatorRequests(plane: ControlPlane, since?: string): Promise<readonly OperatorRequest[]> {
  const received = new Map<string, OperatorRequest>();
  for (const entry of await plane.auditEntries()) {
    if (entry.userAgent?.startsWith("countersign/") !== true || (since !== undefined && entry.requestReceivedTimestamp < since)) continue;
    const { resource = "", subresource, name = "" } = entry.objectRef ?? {};
    const verb = entry.requestURI.includes("sendInitialEvents=true") ? "watchlist" : entry.verb;
    const kind = subresource === undefined ? resource : `${resource}/${subresource}`;
    // A watch is told twice, at its start and at its end.
    const key = `${entry.requestReceivedTimestamp} ${entry.requestURI}`;
    // The name of an Event is the object's and a random part.
    const shown = resource === "events" ? name.replace(/\.[0-9a-f]+$/, "") : name;
    received.set(key, { entry, text: `${verb} ${kind} ${shown}`.trim() });
  }
  return [...received.values()].toSorted((a, b) => (a.entry.requestReceivedTimestamp < b.entry.requestReceivedTimestamp ? -1 : 1));
}
/** Plurals of what the operator lists at its start, in order: its own kinds, the labels of namespaces, and what cluster-scoped objects refer to. */
export const listedAtStart: readonly string[] = [
  ...Object.values(kindTable).map(({ plural }) => plural),
  ...["namespaces", "secrets", "configmaps", "serviceaccounts"],
].toSorted();
export interface OperatorRequest {
  readonly entry: AuditEntry;
  readonly text: string;
}
/** As the audit log writes it: RFC 3339 with microseconds. */
export const now = (): string => new Date().toISOString().replace("Z", "000Z");

interface HistoryEvent {
  readonly type: string;
  readonly object: Judged;
}
/** Every state that the API server has shown of an object after `resourceVersion`, oldest first. */
export async function history(
  plane: ControlPlane,
  [resource, name]: readonly [resource: string, name: string],
  resourceVersion: string,
): Promise<readonly HistoryEvent[]> {
  const query = `watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3D${name}&resourceVersion=${resourceVersion}`;
  const text = await plane.kubectlOk(["get", "--raw", `/apis/countersign.dev/v1alpha1/${resource}?${query}`]);
  return text.split("\n").flatMap((line) => (line === "" ? [] : (JSON.parse(line) as HistoryEvent)));
}

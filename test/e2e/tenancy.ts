/** What a cluster's administrator has set up, on a real control plane, and two tenants beside each other. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { objectId } from "../../src/api/object.ts";
import type { Report } from "../../src/engine/report.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Transport } from "../../src/transport/transport.ts";
import { loopback } from "../support/certificates.ts";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { trustAuthority, type VirtualNetwork, virtualNetwork } from "../support/registry/network.ts";
import { applied, apply, authProvider, dockerSecret, installed, type Operator, served, startOperator, store, trust } from "./fixture.ts";
import { accounts, type People, type Signers, signers, startPeople } from "./people.ts";
import { type RecordingProxy, startProxy } from "./proxy.ts";

export const apiVersion = "countersign.dev/v1alpha1";
/** As the cluster's objects name the registry, and as a tenant's Store does: so each has a proxy of its own. Both are public to every guard. */
export const host = "registry.acme.io";
export const evidenceHost = "evidence.acme.io";
/** Where nobody but the cluster should reach; whoever does is counted. */
export const inside = {
  metadata: "169.254.169.254",
  address: "127.0.0.1:9443",
  localhost: "localhost:9443",
  service: "vault.team-b.svc",
} as const;
export const tenants = ["team-a", "team-b"] as const;
export type Tenant = (typeof tenants)[number];

export interface Tenancy extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly operator: Operator;
  readonly people: People;
  /** Before the registry, for `host` and for `evidenceHost`. */
  readonly proxy: RecordingProxy;
  readonly evidenceProxy: RecordingProxy;
  readonly network: VirtualNetwork;
  /** Connections that were made to one of `inside`. */
  readonly trespasses: () => number;
  verify(name: Signers, namespace?: string): Promise<Report>;
  /** Of the four images by who has signed, without a namespace and for each tenant. */
  outcomes(): Promise<Outcomes>;
  /** Applies objects, waits until they are served, and takes them away again afterwards. */
  during<T>(objects: readonly object[], body: () => Promise<T>): Promise<T>;
}
export type Outcomes = Readonly<Record<"none" | Tenant, readonly string[]>>;
const denied = "deny NoValidSignature";
/** By the built-in policy and the cluster's Verifier, which trusts alice. */
export const builtIn: Outcomes["none"] = [denied, "allow", denied, "allow"];
export const untouched: Outcomes = { none: builtIn, "team-a": builtIn, "team-b": builtIn };

export async function startTenancy(): Promise<Tenancy> {
  const parts = new AsyncDisposableStack();
  try {
    const [people, plane] = await Promise.all([startPeople(), installed()]);
    parts.use(people);
    parts.use(plane);
    const { registry, authority, keys, images } = people;
    trustAuthority(authority.pem);
    const certificate = authority.issue({ ...loopback, dnsNames: ["localhost", host, evidenceHost] });
    const behind = { host: registry.host, ca: authority.pem, certificate };
    const [proxy, evidenceProxy] = [parts.use(await startProxy(behind)), parts.use(await startProxy(behind))];
    const { port, count } = await startListener(parts);
    const portOf = (to: RecordingProxy): number => Number(to.host.split(":")[1]);
    const network = virtualNetwork({
      [host]: { port: portOf(proxy) },
      [evidenceHost]: { port: portOf(evidenceProxy) },
      [inside.metadata]: { port },
      [inside.address]: { port },
      [inside.localhost]: { port, address: "127.0.0.1" },
      [inside.service]: { port, address: "10.0.0.17" },
    });
    const labels = { "team-a": "dev", "team-b": "prod" } as const;
    await apply(
      plane,
      ...tenants.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { env: labels[name] } } })),
      dockerSecret("reader", { [host]: accounts.cluster, [evidenceHost]: accounts.cluster }),
      reader(),
      ...trust("release", keys.alice.publicKeyPem),
      store("production", { scopes: [host], timeout: "10s" }),
    );
    const transport = parts.use(new Transport({ clock: systemClock, random: Math.random, network }));
    const operator = parts.use(await startOperator(plane, { transport, rememberVerdicts: true }));
    const verify = (name: Signers, namespace?: string): Promise<Report> =>
      operator.cluster.core.verify(`${host}/${images[name]}`, AbortSignal.timeout(30_000), namespace);
    const outcomesFor = async (namespace?: string): Promise<readonly string[]> =>
      await Promise.all(signers.map(async (name) => outcomeOf(await verify(name, namespace))));
    const owned = parts.move();
    return {
      ...{ plane, operator, people, proxy, evidenceProxy, network, verify },
      trespasses: count,
      outcomes: async () => ({ none: await outcomesFor(), "team-a": await outcomesFor("team-a"), "team-b": await outcomesFor("team-b") }),
      during: async (objects, body) => {
        await applied(plane, operator, ...objects);
        try {
          return await body();
        } finally {
          await removed(plane, operator, objects);
        }
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } finally {
    await parts.disposeAsync();
  }
}

export const outcomeOf = ({ verdict }: Report): string => (verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`);

/** The cluster's AuthProvider for both hosts. */
export const reader = (more: object = {}): object =>
  authProvider("reader", {
    registries: [host, evidenceHost],
    type: "kubernetesSecret",
    kubernetesSecret: { secretRef: { name: "reader" } },
    ...more,
  });

/** An object of a tenant: `own("Verifier", "mine", spec)` is a NamespacedVerifier of team-a. */
export const own = (kind: string, name: string, spec: object, namespace: string = "team-a"): object => ({
  apiVersion,
  kind: `Namespaced${kind}`,
  metadata: { name, namespace },
  spec,
});
/** A NamespacedVerifier with the NamespacedKeyProvider that it names. */
export const ownTrust = (name: string, publicKey: string, namespace: string = "team-a"): readonly object[] => [
  own("KeyProvider", name, { type: "inline", inline: { keys: [{ name: "key", publicKey }] } }, namespace),
  own("Verifier", name, { type: "cosign", cosign: { keyProviderRefs: [{ name }] } }, namespace),
];

async function removed(plane: ControlPlane, operator: Operator, objects: readonly object[]): Promise<void> {
  await plane.kubectlOk(["delete", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const ours = objects as readonly { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } }[];
  await served(operator, {
    absent: ours.flatMap((object) => (object.apiVersion === apiVersion ? `${object.kind}/${objectId(object.metadata)}` : [])),
  });
}

async function startListener(parts: AsyncDisposableStack): Promise<{ readonly port: number; readonly count: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  parts.defer(() => void server.close());
  return { port: (server.address() as AddressInfo).port, count: () => connections };
}

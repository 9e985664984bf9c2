/** The seed's cluster: five registries of four makers, two of them anonymous, three with an identity of their own, and what stands behind those. */
import { systemClock } from "../../src/kernel/clock.ts";
import { Transport } from "../../src/transport/transport.ts";
import { awsCloud, ecrHostName, ecrRegistryHost, stsHostName } from "../support/cloud/aws.ts";
import { type AzureFake, azureSites, azureTenant } from "../support/cloud/azure.ts";
import { forwardTo, type Internet, type SeenRequest, type Site, startInternet } from "../support/cloud/internet.ts";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { createCosign } from "../support/real/cosign.ts";
import { pushImage } from "../support/real/image.ts";
import { startDistribution } from "../support/real/registries.ts";
import { apply, authProvider, installed, namespace, type Operator, startOperator, store, tools, trust } from "./fixture.ts";

export const hosts = {
  ghcr: "ghcr.io",
  mar: "mcr.microsoft.com",
  alpha: "alpha.azurecr.io",
  bravo: "bravo.azurecr.io",
  ecr: ecrRegistryHost,
} as const;
export type HostName = keyof typeof hosts;
export const hostNames = Object.keys(hosts) as readonly HostName[];

export const clients = { alpha: "a1fa0000-0000-4000-8000-000000000001", bravo: "b2a70000-0000-4000-8000-000000000002" } as const;
export const role = "arn:aws:iam::123456789012:role/countersign";
const entra = "login.microsoftonline.com";
/** ServiceAccounts whose tokens the clouds take. */
const accounts = ["alpha", "bravo", "irsa"] as const;

export interface Clouds extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly operator: Operator;
  readonly internet: Internet;
  readonly azure: { readonly alpha: AzureFake; readonly bravo: AzureFake };
  /** References with a digest, of each host: signed ones, and one that is not. */
  readonly images: Readonly<Record<HostName, { readonly signed: readonly string[]; readonly unsigned: string }>>;
  /** Every secret that was given out so far, and the hosts that may have seen it. */
  secrets(): ReadonlyMap<string, readonly string[]>;
}

/** How a host shows that it lets in whom it knows: GHCR gives everybody a token, the Microsoft Artifact Registry wants none. */
function tokenForEverybody(behind: Site): Site {
  return (request, wire) => {
    if (request.path.startsWith("/token?")) return { status: 200, body: { token: "token-for-everybody" } };
    if (request.headers.authorization === "Bearer token-for-everybody") return behind(request, wire);
    const challenge = `Bearer realm="https://${hosts.ghcr}/token",service="${hosts.ghcr}",scope="repository:user/image:pull"`;
    return { status: 401, headers: { "www-authenticate": challenge } };
  };
}

/** Signed images in one real registry, which stands behind all five names; then the cluster. */
export async function startClouds(): Promise<Clouds> {
  if (tools === undefined) throw new TypeError("startClouds() without tools");
  await using parts = new AsyncDisposableStack();
  const plane = await installed();
  parts.defer(() => plane.stop());
  const registry = await startDistribution({ tools });
  parts.defer(() => registry.close());
  const cosign = await createCosign({ tools });
  parts.defer(() => cosign.close());
  const key = await cosign.createKey();
  const images = new Map<HostName, Clouds["images"][HostName]>();
  for (const name of hostNames) {
    const target = { url: registry.url, repository: `acme/${name}` };
    const [signed, unsigned] = await Promise.all([pushImage(target, { seed: `${name} signed` }), pushImage(target, { seed: name })]);
    await cosign.sign(signed.reference, { key, plainHttp: true });
    const named = (digest: string): string => `${hosts[name]}/acme/${name}@${digest}`;
    images.set(name, { signed: [named(signed.digest)], unsigned: named(unsigned.digest) });
  }
  const behind = forwardTo(registry.url);
  const subject = (name: (typeof accounts)[number]): string => `system:serviceaccount:${namespace}:${name}`;
  const azureOf = (name: "alpha" | "bravo"): AzureFake =>
    azureSites({ clock: systemClock, registries: [hosts[name]], subject: subject(name), clientID: clients[name], behind });
  const azure = { alpha: azureOf("alpha"), bravo: azureOf("bravo") };
  const aws = awsCloud(systemClock);
  aws.trust.set(role, { subject: subject("irsa"), audience: "sts.amazonaws.com" });
  const internet = parts.use(
    await startInternet({
      ...aws.sites,
      ...azure.alpha.sites,
      ...azure.bravo.sites,
      // One Entra for both: it knows them by their client ids.
      [entra]: (request, wire) => {
        const fake = new URLSearchParams(request.body).get("client_id") === clients.alpha ? azure.alpha : azure.bravo;
        return fake.sites[entra]?.(request, wire) ?? { status: 404 };
      },
      [hosts.ghcr]: tokenForEverybody(behind),
      [hosts.mar]: behind,
      [hosts.ecr]: aws.registry(behind),
    }),
  );
  await apply(plane, ...permissions(), ...providers(), ...trust("release", key.publicKeyPem));
  await apply(plane, store("production", { scopes: Object.values(hosts), timeout: "10s" }));
  const transport = new Transport({ clock: systemClock, random: Math.random, network: internet.network });
  parts.defer(() => transport.close());
  const operator = parts.use(await startOperator(plane, { transport }));
  const owned = parts.move();
  return {
    ...{ plane, operator, internet, azure, images: Object.fromEntries(images) as Clouds["images"] },
    secrets: () => secretsOf(internet.requests, { azure, passwords: [...aws.passwords.keys()], sessions: [...aws.sessions.values()] }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Tokens of these three ServiceAccounts, and of no other. */
function permissions(): readonly object[] {
  const metadata = { name: "countersign-token", namespace };
  return [
    ...accounts.map((name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } })),
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [{ apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: accounts, verbs: ["create"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "countersign-token" },
      subjects: [{ kind: "ServiceAccount", name: "countersign-operator", namespace }],
    },
  ];
}

/** As in the seed: anonymous where it is public, and an identity for each cloud, by prefix; a wide pattern stands beside a narrow one. */
function providers(): readonly object[] {
  const azure = (name: "alpha" | "bravo", registries: readonly string[]): object =>
    authProvider(name, {
      registries,
      type: "azureWorkloadIdentity",
      azureWorkloadIdentity: { clientID: clients[name], tenantID: azureTenant, serviceAccountRef: { name } },
    });
  return [
    authProvider("public", { registries: [hosts.ghcr, hosts.mar, "public.ecr.aws"], type: "anonymous" }),
    azure("alpha", [hosts.alpha]),
    azure("bravo", ["*.azurecr.io"]),
    authProvider("ecr", {
      registries: ["*.dkr.ecr.*.amazonaws.com"],
      type: "awsEcr",
      awsEcr: { roleARN: role, serviceAccountRef: { name: "irsa" } },
    }),
  ];
}

/** What was given out by whom, and who may see it; tokens of ServiceAccounts are found where they were shown. */
function secretsOf(
  requests: readonly SeenRequest[],
  given: {
    readonly azure: Clouds["azure"];
    readonly passwords: readonly string[];
    readonly sessions: readonly { readonly secret: string; readonly token: string }[];
  },
): ReadonlyMap<string, readonly string[]> {
  const secrets = new Map<string, readonly string[]>();
  for (const name of ["alpha", "bravo"] as const) for (const token of given.azure[name].issued) secrets.set(token, [hosts[name]]);
  for (const password of given.passwords) secrets.set(password, [hosts.ecr]);
  // The secret of a session signs and is never sent; its token goes to the service that gives passwords.
  for (const { secret, token } of given.sessions) secrets.set(secret, []).set(token, [ecrHostName]);
  for (const [site, field] of [
    [entra, "client_assertion"],
    [stsHostName, "WebIdentityToken"],
  ] as const) {
    for (const { site: at, body } of requests) {
      const token = at === site ? new URLSearchParams(body).get(field) : null;
      if (token !== null) secrets.set(token, [site]);
    }
  }
  return secrets;
}

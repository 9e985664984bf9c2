/** An AuthProvider of a cloud on a real API server: its tokens are real, the cloud is one that lives on this machine. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { parseAllDocuments } from "yaml";
import { systemClock } from "../../src/kernel/clock.ts";
import { Transport } from "../../src/transport/transport.ts";
import { azureClient, type AzureFake, azureSites, azureTenant } from "../support/cloud/azure.ts";
import { type Internet, startInternet } from "../support/cloud/internet.ts";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { apply, authProvider, eventually, installed, namespace, type Operator, options, startOperator, store } from "./fixture.ts";
import { judged } from "./scene.ts";

const host = "acmeprod.azurecr.io";
const tokenRole = parseAllDocuments(readFileSync(new URL("../../config/samples/token-role.yaml", import.meta.url), "utf8")).map(
  (document): object => document.toJS() as object,
);
const provider = authProvider("acr", {
  registries: [host],
  type: "azureWorkloadIdentity",
  azureWorkloadIdentity: { clientID: azureClient, tenantID: azureTenant, serviceAccountRef: { name: "registry-reader" } },
});

let plane: ControlPlane;
let cloud: AzureFake;
let internet: Internet;
let transport: Transport;
let operator: Operator;

before(async () => {
  if (options.skip !== false) return;
  const subject = `system:serviceaccount:${namespace}:registry-reader`;
  cloud = azureSites({ clock: systemClock, registries: [host], subject });
  internet = await startInternet(cloud.sites);
  transport = new Transport({ clock: systemClock, random: Math.random, network: internet.network });
  plane = await installed();
  await apply(plane, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "registry-reader", namespace } });
  operator = await startOperator(plane, { transport });
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await transport?.close();
  await plane?.[Symbol.asyncDispose]();
  await internet?.[Symbol.asyncDispose]();
});

/** As the next probe of the Store does. */
const asked = (): Promise<void> => operator.cluster.core.prober.check("Store/acr", AbortSignal.timeout(30_000));
const row = async (): Promise<readonly string[]> =>
  (await plane.kubectlOk(["get", "authproviders.countersign.dev", "acr", "--no-headers"])).trim().split(/ {2,}/);
const everything = async (): Promise<string> =>
  `${await plane.kubectlOk(["get", "stores.countersign.dev,authproviders.countersign.dev", "-o", "json"])}${await plane.kubectlOk(["get", "events", "-A", "-o", "json"])}`;

test("without the right to tokens its status, its Event and its Store's status say which right is missing", options, async () => {
  await apply(plane, provider, store("acr", { scopes: [host], authProviderRefs: [{ name: "acr" }] }));
  const { status } = await judged(plane, ["authproviders", "acr"], {
    Ready: "False/TokenRequestDenied",
    Reconciling: "True/ProgressingWithRetry",
  });
  const message = status?.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
  assert.match(message, /^The operator may not create serviceaccounts\/token of countersign-system\/registry-reader: kubectl create role /);
  assert.deepEqual((await row()).slice(0, 5), ["acr", "False", "TokenRequestDenied", "azureWorkloadIdentity", azureClient]);
  await judged(plane, ["stores", "acr"], { CredentialsResolved: "False/TokenRequestDenied" });
  const described = await eventually("the Event", async () => {
    const text = await plane.kubectlOk(["describe", "authproviders.countersign.dev", "acr"]);
    return text.includes("TokenRequestDenied") && text.includes("countersign.dev/operator") ? text : undefined;
  });
  assert.match(described, /Warning +TokenRequestDenied .*kubectl create role/);
  assert.equal(internet.at("login.microsoftonline.com").length, 0);
});

test("with it kubectl shows whom it acts as and until when, and no token is anywhere but at the cloud", options, async () => {
  await apply(plane, ...tokenRole);
  await eventually("a credential", async () => {
    await asked();
    return cloud.issued.size > 0 ? true : undefined;
  });
  const { status } = await judged(plane, ["authproviders", "acr"], { Ready: "True/Succeeded", CredentialsResolved: "True/Resolved" });
  const [name, ready, reason, type, identity, expires = "", stores] = await row();
  assert.deepEqual([name, ready, reason, type, identity, stores], ["acr", "True", "Succeeded", "azureWorkloadIdentity", azureClient, "1"]);
  assert.ok(Date.parse(expires) > Date.now(), expires);
  const lastError = status?.["lastError"] as { readonly class: string; readonly resolvedTime?: string };
  assert.equal(lastError.class, "CredentialUnavailable");
  assert.ok(lastError.resolvedTime !== undefined);
  await judged(plane, ["stores", "acr"], { Ready: "True/Succeeded", CredentialsResolved: "True/Resolved" });
  const text = `${await everything()}${operator.log()}`;
  const assertions = internet.at("login.microsoftonline.com").map(({ body }) => new URLSearchParams(body).get("client_assertion") ?? "");
  assert.ok(assertions.length > 0 && assertions.every((token) => token.length > 100));
  for (const token of [...cloud.issued, ...assertions]) assert.equal(text.includes(token), false);
});

test("a restart changes nothing of its status before somebody asks for a credential, and tells nothing anew", options, async () => {
  const read = (): Promise<string> => plane.kubectlOk(["get", "authproviders.countersign.dev", "acr", "-o", "jsonpath={.status}"]);
  const told = async (): Promise<number> =>
    (JSON.parse(await plane.kubectlOk(["get", "events", "-o", "json"])) as { items: object[] }).items.length;
  await eventually("all is told", async () => (await plane.kubectlOk(["get", "events"])).match(/Succeeded +store\/acr/) ?? undefined);
  await operator[Symbol.asyncDispose]();
  const [status, events] = [await read(), await told()];
  transport = new Transport({ clock: systemClock, random: Math.random, network: internet.network });
  operator = await startOperator(plane, { transport });
  await apply(plane, authProvider("later", { registries: ["later.example"], type: "anonymous" }));
  await judged(plane, ["authproviders", "later"], { Ready: "True/Succeeded" });
  const { conditions, identity } = JSON.parse(await read()) as { readonly conditions: readonly object[]; readonly identity: string };
  const before = JSON.parse(status) as { readonly conditions: readonly object[]; readonly identity: string };
  assert.deepEqual({ conditions, identity }, { conditions: before.conditions, identity: before.identity });
  await eventually("the event of the other", async () => ((await told()) === events + 1 ? true : undefined));
});

/** Tokens of ServiceAccounts from a real API server, asked for under the operator's own account and the roles of the samples. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { parseAllDocuments } from "yaml";
import { ClusterTokens } from "../../src/app/service-account-tokens.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import type { ServiceAccountToken } from "../../src/keychain/cloud.ts";
import { federatedToken } from "../../src/keychain/federated-token.ts";
import { CredentialUnavailableError } from "../../src/keychain/ports.ts";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { noAmbient, noMaterial } from "../support/cloud/deps.ts";
import { apply, eventually, installed, namespace, options } from "./fixture.ts";

const signal = AbortSignal.timeout(120_000);
const audience = "sts.amazonaws.com";
const reader = { name: "registry-reader", audience, expirationSeconds: 600 };
const inTeam = (team: string) => ({ ...reader, namespace: team });
const sample = (path: string): readonly object[] =>
  parseAllDocuments(readFileSync(new URL(`../../config/samples/${path}`, import.meta.url), "utf8")).map(
    (document): object => document.toJS() as object,
  );
const account = (team: string, name: string): object => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: team } });

let plane: ControlPlane;
let kubeconfig: string;
let client: KubeClient;
let tokens: ClusterTokens;

before(async () => {
  if (options.skip !== false) return;
  plane = await installed();
  for (const team of ["team-a", "team-b"]) await plane.kubectlOk(["create", "namespace", team]);
  await apply(
    plane,
    ...["team-a", "team-b", namespace].flatMap((team) => [account(team, "registry-reader"), account(team, "other")]),
    ...sample("token-role.yaml"),
    ...sample("tenant/token-role.yaml"),
  );
  kubeconfig = await plane.kubeconfigForServiceAccount(namespace, "countersign-operator");
  client = await createKubeClient({
    config: { kubeconfigPath: kubeconfig },
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    userAgent: "countersign/test",
    random: Math.random,
  });
  tokens = new ClusterTokens({ client, namespace, clock: systemClock });
  await granted("team-a");
});
after(async () => {
  client?.close();
  await plane?.[Symbol.asyncDispose]();
});

/** The API server's authorizer reads roles by a watch of its own. */
const granted = (team: string): Promise<boolean> =>
  eventually(`tokens of ${team}`, async () => {
    const args = ["auth", "can-i", "create", "serviceaccounts/registry-reader", "--subresource=token", "--namespace", team];
    return (await plane.kubectl(args, { kubeconfig })).stdout.trim() === "yes" ? true : undefined;
  });

interface Review {
  readonly authenticated?: boolean;
  readonly user?: { readonly username?: string };
  readonly audiences?: readonly string[];
}
/** What the API server says of a token, to somebody who expects it to be for one of these audiences; none: for the API server itself. */
async function review({ token }: Pick<ServiceAccountToken, "token">, audiences: readonly string[]): Promise<Review> {
  const spec = { token: token.reveal(), ...(audiences.length > 0 && { audiences }) };
  const object = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec };
  const answer = await plane.kubectlOk(["create", "-o", "json", "-f", "-"], JSON.stringify(object));
  return (JSON.parse(answer) as { readonly status: Review }).status;
}

async function refusal(minting: Promise<unknown>): Promise<CredentialUnavailableError> {
  const error = await minting.then(
    () => assert.fail("it was minted"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CredentialUnavailableError, inspect(error));
  return error;
}

test("a token is of the account that was named, for the audience that was named, and no key to the API server", options, async () => {
  const minted = await tokens.mint(reader, signal);
  const { authenticated, user, audiences } = await review(minted, [audience, "somebody-else"]);
  assert.deepEqual(
    { authenticated, user: user?.username, audiences },
    { authenticated: true, user: `system:serviceaccount:${namespace}:registry-reader`, audiences: [audience] },
  );
  assert.notEqual((await review(minted, [])).authenticated, true);
  const lifeMs = minted.expiresAt - systemClock.now();
  assert.ok(lifeMs > 400_000 && lifeMs <= 601_000, `${lifeMs} ms`);
});

test("the samples' roles give tokens of one account in each namespace, and of no other", options, async () => {
  for (const team of [undefined, "team-a"]) {
    const of = team === undefined ? {} : { namespace: team };
    await tokens.mint({ ...reader, ...of }, signal);
    const error = await refusal(tokens.mint({ ...reader, ...of, name: "other" }, signal));
    assert.equal(error.reason, "TokenRequestDenied");
  }
});

test("without the right the sentence has a command that, bound, gives it", options, async () => {
  const error = await refusal(tokens.mint(inTeam("team-b"), signal));
  assert.equal(error.reason, "TokenRequestDenied");
  const command = /: kubectl (create role .*), and bind it/.exec(error.message)?.[1]?.split(" ");
  assert.ok(command !== undefined, error.message);
  await plane.kubectlOk(command);
  const binding = ["create", "rolebinding", "countersign-token", "--namespace", "team-b", "--role", "countersign-token"];
  await plane.kubectlOk([...binding, "--serviceaccount", `${namespace}:countersign-operator`]);
  await granted("team-b");
  await tokens.mint(inTeam("team-b"), signal);
  assert.equal((await refusal(tokens.mint({ ...inTeam("team-b"), name: "other" }, signal))).reason, "TokenRequestDenied");
});

test("an account that is gone is told from one that may not be used", options, async (t) => {
  t.after(() => apply(plane, account(namespace, "registry-reader")));
  await plane.kubectlOk(["delete", "serviceaccount", "registry-reader", "--namespace", namespace]);
  const error = await refusal(tokens.mint(reader, signal));
  assert.deepEqual([error.reason, error.message], ["RefNotFound", `ServiceAccount/${namespace}/registry-reader does not exist`]);
});

test("the API server's own audience is not asked for, whatever the right", options, async () => {
  const own = await client.tokenClaims(signal);
  assert.equal(own?.subject, `system:serviceaccount:${namespace}:countersign-operator`);
  const names = [own.issuer ?? "", ...own.audiences, client.server, "https://kubernetes.default.svc"];
  assert.ok(names.length >= 4);
  for (const name of names) assert.equal((await refusal(tokens.mint({ ...reader, audience: name }, signal))).reason, "TokenRequestDenied");
  const asked = await plane.auditEntries();
  const minted = asked.filter(({ objectRef, userAgent }) => objectRef?.subresource === "token" && userAgent === "countersign/test");
  assert.ok(minted.length > 0 && minted.every(({ user }) => user.username === `system:serviceaccount:${namespace}:countersign-operator`));
});

test("a namespaced object gets tokens of its own namespace, by whatever name it asks", options, async () => {
  const unused = (): Promise<never> => Promise.reject(new TypeError("not asked for"));
  const cloud = { tokens, ambient: noAmbient, http: { send: unused }, readFile: unused };
  const deps = { namespace: "team-a", cloud, material: noMaterial };
  const token = await federatedToken({ serviceAccount: "registry-reader", audience }, deps, signal);
  assert.equal((await review({ token }, [audience])).user?.username, "system:serviceaccount:team-a:registry-reader");
  for (const serviceAccount of ["../../team-b/serviceaccounts/registry-reader", "team-b/registry-reader", "team-b:registry-reader"]) {
    const error = await refusal(federatedToken({ serviceAccount, audience }, deps, signal));
    assert.equal(error.reason, "TokenRequestDenied");
  }
});

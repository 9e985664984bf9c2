import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test, type TestContext } from "node:test";
import { ClusterTokens } from "../../src/app/service-account-tokens.ts";
import { CredentialUnavailableError } from "../../src/keychain/ports.ts";
import { fakeJWT } from "../support/cloud/deps.ts";
import { ManualClock } from "../support/clock.ts";
import { FakeKubeApi } from "../support/kube-api.ts";
import { eventually, type Fault } from "../support/kube-wire.ts";
import { clientOf, RecordingLogger } from "../kube/fixture.ts";

const signal = AbortSignal.timeout(30_000);
const audience = "sts.amazonaws.com";
const request = { name: "reader", audience, expirationSeconds: 600 };
const inTeam = { ...request, namespace: "team-a" };
const path = "/api/v1/namespaces/countersign/serviceaccounts/reader/token";
const subject = "system:serviceaccount:countersign:reader";

async function scene(t: TestContext, own?: string) {
  const api = await FakeKubeApi.start({ resources: [] });
  t.after(() => api.close());
  const [clock, logger] = [new ManualClock(), new RecordingLogger()];
  const client = await clientOf(api, { clock, logger, ...(own !== undefined && { user: { token: own } }) });
  t.after(() => client.close());
  const tokens = new ClusterTokens({ client, namespace: "countersign", clock });
  const answer = (status: object, code = 201): void =>
    api.fail("other", { status: code, body: { kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1", status } });
  const token = (claims: object = {}): string =>
    fakeJWT({ iss: "https://issuer.example", sub: subject, aud: [audience], ...claims }, clock);
  return { api, clock, logger, tokens, answer, token };
}

/** The refusal, after a look at whether anything that came over the wire is in it. */
async function refusal(minting: Promise<unknown>): Promise<CredentialUnavailableError> {
  const error = await minting.then(
    () => assert.fail("it was minted"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CredentialUnavailableError, inspect(error));
  assert.doesNotMatch(inspect(error, { depth: 9 }), /canary|eyJ/);
  return error;
}

test("ClusterTokens.mint() asks for a token of one audience, and gives it with its end, unprintable", async (t) => {
  const { api, answer, token, tokens } = await scene(t);
  const minted = token();
  answer({ token: minted, expirationTimestamp: "2026-01-31T00:10:00Z" });
  const given = await tokens.mint(request, signal);
  assert.equal(given.token.reveal(), minted);
  assert.equal(given.expiresAt, Date.UTC(2026, 0, 31, 0, 10));
  assert.doesNotMatch(inspect(given, { depth: 9 }) + JSON.stringify(given), /eyJ/);
  const [asked] = api.requests;
  assert.deepEqual(
    [asked?.method, asked?.path, asked?.query, JSON.parse(asked?.body ?? "")],
    [
      "POST",
      path,
      {},
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [audience], expirationSeconds: 600 } },
    ],
  );
});

test("ClusterTokens.mint() asks in the namespace of the object, and for no less than the API server's floor", async (t) => {
  const { api, answer, token, tokens } = await scene(t);
  answer({ token: token({ sub: "system:serviceaccount:team-a:reader" }), expirationTimestamp: "2026-01-31T00:10:00Z" });
  await tokens.mint({ ...inTeam, expirationSeconds: 60 }, signal);
  assert.equal(api.requests[0]?.path, "/api/v1/namespaces/team-a/serviceaccounts/reader/token");
  assert.match(api.requests[0]?.body ?? "", /"expirationSeconds":600/);
});

for (const row of [
  { name: "the API server's name in the cluster", audience: "https://kubernetes.default.svc.cluster.local" },
  { name: "the issuer of our own token", audience: "https://issuer.example" },
  { name: "an audience of our own token", audience: "https://api.example" },
]) {
  test(`ClusterTokens.mint() does not ask for a token for ${row.name}`, async (t) => {
    const clock = new ManualClock();
    const { api, tokens } = await scene(t, fakeJWT({ iss: "https://issuer.example", aud: ["https://api.example"] }, clock));
    const error = await refusal(tokens.mint({ ...request, audience: row.audience }, signal));
    assert.equal(error.reason, "TokenRequestDenied");
    assert.match(error.message, /^A token of ServiceAccount\/countersign\/reader for ".*" would be good at the API server itself/);
    assert.equal(api.requests.length, 0);
  });
}

test("ClusterTokens.mint() does not ask for a token for the API server's address", async (t) => {
  const { api, tokens } = await scene(t);
  assert.equal((await refusal(tokens.mint({ ...request, audience: api.url }, signal))).reason, "TokenRequestDenied");
  assert.equal(api.requests.length, 0);
});

for (const bad of ["", " ", "two words", "line\nfeed", "ä", "x".repeat(513)]) {
  test(`ClusterTokens.mint() does not ask for a token for the audience ${JSON.stringify(bad).slice(0, 20)}`, async (t) => {
    const { api, tokens } = await scene(t);
    assert.equal((await refusal(tokens.mint({ ...request, audience: bad }, signal))).reason, "TokenRequestDenied");
    assert.equal(api.requests.length, 0);
  });
}

for (const name of ["..", ".", "a/b", "a%2fb", "", "A", "a?x=1", "a#b", "a\nb", "x".repeat(254)]) {
  test(`ClusterTokens.mint() does not ask for a token of ${JSON.stringify(name).slice(0, 20)}, as name or namespace`, async (t) => {
    const { api, tokens } = await scene(t);
    assert.equal((await refusal(tokens.mint({ ...request, name }, signal))).reason, "TokenRequestDenied");
    assert.equal((await refusal(tokens.mint({ ...request, namespace: name }, signal))).reason, "TokenRequestDenied");
    assert.equal(api.requests.length, 0);
  });
}

test("ClusterTokens.mint() says which right is missing, and the command that grants it", async (t) => {
  const { api, tokens } = await scene(t);
  api.fail("other", { status: 403, body: { kind: "Status", reason: "Forbidden", message: "canary: cannot create" } });
  const error = await refusal(tokens.mint(inTeam, signal));
  assert.deepEqual([error.reason, error.remedy], ["TokenRequestDenied", "fix-configuration"]);
  assert.equal(
    error.message,
    "The operator may not create serviceaccounts/token of team-a/reader: kubectl create role countersign-token -n team-a --verb=create --resource=serviceaccounts/token --resource-name=reader, and bind it (rbac.md)",
  );
});

const refusals: readonly { readonly name: string; readonly fault: Fault; readonly reason: string; readonly message: string }[] = [
  {
    name: "there is no such account",
    fault: { status: 404 },
    reason: "RefNotFound",
    message: "ServiceAccount/countersign/reader does not exist",
  },
  {
    name: "the request is not acceptable",
    fault: { status: 422, body: { kind: "Status", message: "canary" } },
    reason: "TokenRequestDenied",
    message: "The API server refuses a token of ServiceAccount/countersign/reader as it is asked for",
  },
  {
    name: "the server fails",
    fault: { status: 500, body: "canary" },
    reason: "IdentityUnreachable",
    message: "The API server answered with 500 when asked for a token of ServiceAccount/countersign/reader",
  },
  {
    name: "the connection breaks",
    fault: { cut: true },
    reason: "IdentityUnreachable",
    message: "The API server cannot be reached when asked for a token of ServiceAccount/countersign/reader",
  },
  {
    name: "the answer is not JSON",
    fault: { bytes: "canary{" },
    reason: "IdentityUnreachable",
    message: "What the API server answered is not a token of ServiceAccount/countersign/reader",
  },
  {
    name: "the answer is too large",
    fault: { bytes: JSON.stringify({ status: { token: "canary".repeat(20_000) } }) },
    reason: "IdentityUnreachable",
    message: "What the API server answered is not a token of ServiceAccount/countersign/reader",
  },
];
for (const row of refusals) {
  test(`ClusterTokens.mint() says that ${row.name}, in words of its own`, async (t) => {
    const { api, tokens } = await scene(t);
    api.fail("other", row.fault);
    const error = await refusal(tokens.mint(request, signal));
    assert.deepEqual([error.reason, error.message], [row.reason, row.message]);
  });
}

test("ClusterTokens.mint() says how long an overloaded server wants to be left alone", async (t) => {
  const { api, clock, tokens } = await scene(t);
  api.fail("other", { status: 429, headers: { "retry-after": "30" } });
  const error = await refusal(tokens.mint(request, signal));
  assert.deepEqual([error.reason, error.retryAt], ["IdentityUnreachable", clock.now() + 30_000]);
});

test("ClusterTokens.mint() waits five seconds for a server that says nothing", async (t) => {
  const { api, clock, tokens } = await scene(t);
  api.fail("other", { hang: true });
  const minting = refusal(tokens.mint(request, signal));
  await eventually(() => api.requests.length === 1);
  await clock.advance(5000);
  assert.equal((await minting).reason, "IdentityUnreachable");
});

test("ClusterTokens.mint() ends with its signal, and says its reason", async (t) => {
  const { api, tokens } = await scene(t);
  api.fail("other", { hang: true });
  const stop = new AbortController();
  const minting = tokens.mint(request, stop.signal);
  await eventually(() => api.requests.length === 1);
  stop.abort(new DOMException("enough", "AbortError"));
  await assert.rejects(minting, { name: "AbortError", message: "enough" });
});

for (const row of [
  { name: "for another audience", claims: { aud: ["https://kubernetes.default.svc"] } },
  { name: "for another audience too", claims: { aud: [audience, "https://kubernetes.default.svc"] } },
  { name: "for nobody", claims: { aud: undefined } },
  { name: "of another account", claims: { sub: "system:serviceaccount:kube-system:root" } },
  { name: "of nobody", claims: { sub: undefined } },
]) {
  test(`ClusterTokens.mint() drops a token ${row.name}`, async (t) => {
    const { answer, logger, token, tokens } = await scene(t);
    answer({ token: token(row.claims), expirationTimestamp: "2026-01-31T00:10:00Z" });
    assert.equal((await refusal(tokens.mint(request, signal))).reason, "IdentityUnreachable");
    assert.doesNotMatch(JSON.stringify(logger.lines), /eyJ/);
  });
}

for (const [name, status] of Object.entries({
  "no status": {},
  "no token": { expirationTimestamp: "2026-01-31T00:10:00Z" },
  "no end": { token: fakeJWT({ sub: subject, aud: [audience] }, new ManualClock()) },
  "an end that is no time": { token: fakeJWT({ sub: subject, aud: [audience] }, new ManualClock()), expirationTimestamp: "canary" },
  "a month that does not exist": {
    token: fakeJWT({ sub: subject, aud: [audience] }, new ManualClock()),
    expirationTimestamp: "2026-13-31T00:10:00Z",
  },
  "a token that is none": { token: "canary\r\nx: y", expirationTimestamp: "2026-01-31T00:10:00Z" },
})) {
  test(`ClusterTokens.mint() refuses an answer with ${name}`, async (t) => {
    const { answer, tokens } = await scene(t);
    answer(status);
    assert.equal((await refusal(tokens.mint(request, signal))).reason, "IdentityUnreachable");
  });
}

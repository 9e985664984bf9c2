import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { apply, authProvider, dockerSecret, eventually, type Operator, options, served, startOperator } from "./fixture.ts";
import { loopback } from "../support/certificates.ts";
import { startProxy } from "./proxy.ts";
import { history, judged, listedAtStart, now, operatorRequests, read, reader, type Scene, startScene } from "./scene.ts";

let scene: Scene;
let operator: Operator;

before(async () => {
  if (options.skip !== false) return;
  scene = await startScene();
  const alias = aliasOf(scene);
  await apply(
    scene.plane,
    ...[provider("reader"), scene.store("app", { authProviderRefs: [{ name: "reader" }] })],
    ...[dockerSecret("elder", { [alias]: reader }), provider("elder", [alias]), scene.store("wide", { scopes: [`${alias}/private`] })],
  );
  await sleep(1100); // creation is dated to the second; of one second the name would decide
  const nobody = { username: "nobody", password: "canary-password-of-nobody" };
  await apply(scene.plane, dockerSecret("a-younger", { [alias]: nobody }), provider("a-younger", [alias]));
  operator = await startOperator(scene.plane);
});
after(async () => {
  await operator?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

/** The same registry under another name, so that what is tried on its patterns leaves the first alone. */
const aliasOf = ({ host }: Scene): string => host.replace("127.0.0.1", "localhost");
function provider(name: string, registries: readonly string[] = [scene.host]): object {
  return authProvider(name, { registries, type: "kubernetesSecret", kubernetesSecret: { secretRef: { name } } });
}
const verdict = async (image: string): Promise<string> => {
  const { verdict: found } = await operator.cluster.core.verify(image, AbortSignal.timeout(30_000));
  return found.outcome === "allow" ? "allow" : `${found.outcome} ${JSON.stringify(found)}`;
};
const allowed = (): Promise<true> =>
  eventually("the signed image is allowed", async () => ((await verdict(scene.signed)) === "allow" ? true : undefined));

test("kubectl wait sees a Store become ready, and kubectl get shows its columns", options, async () => {
  const { plane, host } = scene;
  await plane.kubectlOk(["wait", "--for=condition=Ready", "--timeout=30s", "stores.countersign.dev/app"]);
  await plane.kubectlOk(["wait", "--for=condition=Ready", "--timeout=30s", "authproviders.countersign.dev/reader"]);
  await plane.kubectlOk(["wait", "--for=condition=Ready", "--timeout=30s", "stores.countersign.dev/wide"]);
  const table = await plane.kubectlOk(["get", "stores.countersign.dev", "-o", "wide"]);
  const rows = table
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replaceAll(/(?<= )\d+(s?)(?= )/g, "N$1")
        .split(/ {2,}/),
    );
  assert.deepEqual(rows, [
    ["NAME", "READY", "REASON", "REGISTRY", "AUTH", "CHECKED", "AGE", "FAILURES", "LAST-OK", "LATENCY-MS", "MESSAGE"],
    ["app", "True", "Succeeded", host, "reader", "Ns", "Ns", "N", "Ns", "N", `${host} answers with AuthProvider/reader`],
    ["wide", "True", "Succeeded", aliasOf(scene), "elder", "Ns", "Ns", "N", "Ns", "N", `${aliasOf(scene)} answers with AuthProvider/elder`],
  ]);
});

test("a Secret that is rotated: the next verification uses the new credential", options, async () => {
  const { plane, registry, host } = scene;
  await allowed();
  const rotated = { username: "reader", password: "canary-password-rotated" } as const;
  await registry.setUsers({ [rotated.username]: rotated.password });
  assert.match(await verdict(scene.signed), /AuthenticationFailed/, "the old credential is refused, and nothing is remembered");
  await apply(plane, dockerSecret("reader", { [host]: rotated }));
  await allowed();
  await judged(plane, ["stores", "app"], { Ready: "True/Succeeded" });
});

test("a Secret that is deleted takes the credential with it, and brings it back when it is re-created", options, async () => {
  const { plane, registry, host } = scene;
  await plane.kubectlOk(["delete", "secret", "reader", "-n", "countersign-system"]);
  await judged(plane, ["stores", "app"], { Ready: "False/RefNotFound", CredentialsResolved: "False/RefNotFound" });
  await judged(plane, ["authproviders", "reader"], { Ready: "False/RefNotFound" });
  const asked = (await registry.requests()).length;
  assert.match(await verdict(scene.signed), /inconclusive.*CredentialUnavailable/);
  assert.equal((await registry.requests()).length, asked, "without its credential nobody is asked");
  await registry.setUsers({ [reader.username]: reader.password });
  await apply(plane, dockerSecret("reader", { [host]: reader }));
  await allowed();
  await judged(plane, ["stores", "app"], { Ready: "True/Succeeded" });
});

test("two AuthProviders with one pattern: both show it, and the older keeps it until it goes", options, async () => {
  const { plane } = scene;
  const younger = await judged(plane, ["authproviders", "a-younger"], {
    Accepted: "False/PatternConflict",
    Ready: "False/PatternConflict",
  });
  assert.match(JSON.stringify(younger.status), /belongs to the older AuthProvider\/elder/);
  const elder = await judged(plane, ["authproviders", "elder"], { Accepted: "True/PatternConflict", Ready: "True/Succeeded" });
  assert.match(JSON.stringify(elder.status), /Pattern .* is also claimed by AuthProvider\/a-younger, which does not get it/);
  await judged(plane, ["stores", "wide"], { Ready: "True/Succeeded" });
  await plane.kubectlOk(["delete", "authproviders.countersign.dev", "elder"]);
  await judged(plane, ["authproviders", "a-younger"], { Accepted: "True/Valid", Ready: "True/Succeeded" });
  await judged(plane, ["stores", "wide"], { Ready: "False/AuthenticationFailed" });
  await plane.kubectlOk(["delete", "authproviders.countersign.dev", "a-younger"]);
  await plane.kubectlOk(["delete", "stores.countersign.dev", "wide"]);
  await served(operator, { absent: ["AuthProvider/a-younger", "Store/wide"] });
});

test("a spec that is edited is judged anew, and observedGeneration follows", options, async () => {
  const { plane, host } = scene;
  const before = await judged(plane, ["stores", "app"], { Ready: "True/Succeeded" });
  const authProviderRefs = [{ name: "reader" }];
  await apply(plane, scene.store("app", { authProviderRefs, scopes: [`${host}/elsewhere`] }));
  const after = await judged(plane, ["stores", "app"], { Ready: "True/Succeeded" });
  assert.deepEqual(
    [after.metadata.generation, after.status?.observedGeneration],
    [before.metadata.generation + 1, before.metadata.generation + 1],
  );
  assert.match(await verdict(scene.signed), /deny.*NoStore/);
  await apply(plane, scene.store("app", { authProviderRefs: [{ name: "missing" }] }));
  await judged(plane, ["stores", "app"], { Accepted: "True/Valid", CredentialsResolved: "False/ProviderNotFound" });
  assert.match(await verdict(scene.signed), /inconclusive/);
  await apply(plane, scene.store("app", { authProviderRefs }));
  await allowed();
  await judged(plane, ["stores", "app"], { Ready: "True/Succeeded" });
});

test("a Store that is re-created under its name gets its own verdict, and never that of the one before", options, async () => {
  const { plane, registry, authority, host } = scene;
  await using proxy = await startProxy({ host: registry.host, ca: authority.pem, certificate: authority.issue(loopback) });
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  proxy.gate = () => {
    arrived.resolve();
    return released.promise;
  };
  // No AuthProvider knows the proxy's host: whoever asks there is refused, once the answer is let go.
  await apply(plane, scene.store("again", { scopes: [`${proxy.host}/private`] }));
  await arrived.promise;
  const first = await read(plane, "stores", "again");
  await plane.kubectlOk(["delete", "stores.countersign.dev", "again"]);
  await apply(plane, scene.store("again", { authProviderRefs: [{ name: "reader" }] }));
  released.resolve();
  const second = await judged(plane, ["stores", "again"], { Ready: "True/Succeeded" });
  assert.notEqual(second.metadata.uid, first?.metadata.uid);
  await sleep(1000);
  const states = await history(plane, ["stores", "again"], first?.metadata.resourceVersion ?? "");
  const own = states.filter(({ object }) => object.metadata.uid === second.metadata.uid);
  assert.deepEqual(
    own.map(({ type, object }) => [type, object.status?.conditions?.find((entry) => entry.type === "Ready")?.reason]),
    [
      ["ADDED", undefined],
      ["MODIFIED", "Succeeded"],
    ],
  );
  const { endpoints, lastError } = second.status ?? {};
  assert.equal(lastError, undefined);
  assert.deepEqual(
    (endpoints as { endpoint: string }[]).map(({ endpoint }) => endpoint),
    [host],
  );
});

test(
  "a restart with nothing changed writes nothing and asks for every Store once; one Secret flipped writes what depends on it",
  options,
  async () => {
    const { plane, registry, host } = scene;
    const other = { [host]: reader };
    await apply(plane, dockerSecret("other", other), provider("other"), scene.store("other", { authProviderRefs: [{ name: "other" }] }));
    for (const name of ["app", "again", "other"]) await judged(plane, ["stores", name], { Ready: "True/Succeeded" });
    for (const name of ["reader", "other"]) await judged(plane, ["authproviders", name], { Ready: "True/Succeeded" });
    await sleep(6000); // a write that waits for its five seconds
    await operator[Symbol.asyncDispose]();

    const restarted = now();
    const asked = (await registry.requests()).length;
    operator = await startOperator(plane);
    const pings = async (): Promise<readonly string[]> =>
      (await registry.requests()).slice(asked).map(({ method, url, status }) => `${method} ${url} ${status}`);
    await eventually("three probes have ended", async () =>
      (await pings()).filter((ping) => ping.endsWith(" 200")).length >= 3 ? true : undefined,
    );
    await sleep(6000);
    const [answered, challenges] = [
      (await pings()).filter((ping) => ping === "GET /v2/ 200"),
      (await pings()).filter((ping) => ping === "GET /v2/ 401"),
    ];
    assert.equal(answered.length, 3, "one probe for each Store");
    assert.equal(answered.length + challenges.length, (await pings()).length, "and nothing but probes");
    assert.deepEqual(
      (await operatorRequests(plane, restarted)).map(({ text }) => text).filter((text) => !text.startsWith("watch")),
      [],
    );

    const flipped = now();
    await apply(plane, dockerSecret("other", { [host]: { username: "reader", password: "canary-password-wrong" } }));
    await judged(plane, ["stores", "other"], { Ready: "False/AuthenticationFailed" });
    await sleep(6000);
    assert.deepEqual(
      (await operatorRequests(plane, flipped))
        .map(({ text }) => text)
        .filter((text) => !text.startsWith("watch"))
        .toSorted(),
      ["create events other", "patch authproviders/status other", "patch stores/status other"],
    );
  },
);

test("in all of this the operator has listed by watch alone, once for each kind and start", options, async () => {
  // Of a kind that nobody has asked for yet a real API server says "storage is (re)initializing", for a second.
  const requests = (await operatorRequests(scene.plane)).filter(({ entry }) => entry.responseStatus?.code !== 429);
  const lists = requests.map(({ text }) => text).filter((text) => /^(watchlist|list|get) /.test(text));
  assert.deepEqual(
    lists.toSorted(),
    listedAtStart.flatMap((kind) => [`watchlist ${kind}`, `watchlist ${kind}`]),
  );
});

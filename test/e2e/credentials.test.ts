import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import type { Report } from "../../src/engine/report.ts";
import { createAuthority, loopback } from "../support/certificates.ts";
import { type PushedManifest, pushImage, type PushTarget } from "../support/real/image.ts";
import { type DistributionRegistry, startDistribution } from "../support/real/registries.ts";
import { startTokenServer, type TokenServer } from "../support/real/token-server.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { trustAuthority } from "../support/registry/network.ts";
import { createSigningKey, type SignedArtifact, signImage } from "../support/signer.ts";
import { classesOf, countersign, type Files, fromFiles } from "./files.ts";
import { authProvider, caConfigMap, dockerSecret, options, store, tools, trust } from "./fixture.ts";
import { type ProxiedRequest, type RecordingProxy, startProxy } from "./proxy.ts";
import { pushSigned } from "./signed.ts";

/** Two for the first registry, of which one is for `team` only, and one for the second. */
const users = {
  wide: { username: "wide", password: "canary-wide-1f0c" },
  narrow: { username: "narrow", password: "canary-narrow-88ab" },
  second: { username: "second", password: "canary-second-d3e7" },
} as const;
type Name = keyof typeof users;

const authority = createAuthority();
// The token service has another host than its registry, to which caBundleRef does not extend.
trustAuthority(authority.pem);
const key = createSigningKey();
let first: DistributionRegistry;
let second: DistributionRegistry;
let tokens: TokenServer;
let firstProxy: RecordingProxy;
let secondProxy: RecordingProxy;
let thief: TestRegistry;
let plainThief: TestRegistry;
let files: Files;
let images: Readonly<Record<"team" | "other" | "tokens" | "broken" | "shared", PushedManifest>>;
let sharedSignature: SignedArtifact;
const reports: Report[] = [];

before(async () => {
  if (tools === undefined) return;
  const tls = authority.issue(loopback);
  const pem = { key: tls.keyPem, cert: tls.pem };
  tokens = await startTokenServer({ tls, users: { [users.second.username]: users.second.password } });
  const htpasswd = Object.fromEntries([users.wide, users.narrow].map(({ username, password }) => [username, password]));
  [first, second] = await Promise.all([
    startDistribution({ tools, tls, auth: { type: "htpasswd", users: htpasswd } }),
    startDistribution({ tools, tls, auth: { type: "token", server: tokens } }),
  ]);
  [firstProxy, secondProxy] = await Promise.all(
    [first, second].map(({ host }) => startProxy({ host, ca: authority.pem, certificate: tls })) as [
      Promise<RecordingProxy>,
      Promise<RecordingProxy>,
    ],
  );
  [thief, plainThief] = await Promise.all([startRegistry({ tls: pem }), startRegistry()]);
  images = {
    team: await pushTo(first, "team/app", { user: "narrow", isSigned: true }),
    other: await pushTo(first, "other/app", { user: "wide", isSigned: true }),
    tokens: await pushTo(second, "app", { user: "second", isSigned: true }),
    broken: await pushTo(second, "broken/app", { user: "second", isSigned: true }),
    shared: await pushTo(first, "shared/app", { user: "wide", isSigned: false }),
  };
  sharedSignature = sign(images.shared);
  for (const [registry, repository, user] of [[first, "shared/app", "wide"] as const, [second, "evidence", "second"] as const])
    await pushSigned(target(registry, repository, user), sharedSignature, images.shared);
  files = await fromFiles(objects());
});
after(async () => {
  await files?.[Symbol.asyncDispose]();
  for (const part of [firstProxy, secondProxy, first, second, tokens, thief, plainThief]) await part?.[Symbol.asyncDispose]();
});

const target = (registry: DistributionRegistry, repository: string, user: Name): PushTarget => ({
  ...{ url: registry.url, repository, ca: authority.pem, credentials: users[user] },
});
const sign = (image: PushedManifest): SignedArtifact => signImage({ key, subject: image, repository: image.repository, format: "bundle" });
async function pushTo(
  registry: DistributionRegistry,
  repository: string,
  { user, isSigned }: { readonly user: Name; readonly isSigned: boolean },
): Promise<PushedManifest> {
  const image = await pushImage(target(registry, repository, user), { seed: repository, tag: "1" });
  if (isSigned) await pushSigned(target(registry, repository, user), sign(image), image);
  return image;
}

function objects(): readonly object[] {
  const registry = { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } };
  const [a, b] = [firstProxy.host, secondProxy.host];
  const secret = (name: string): object => ({ type: "kubernetesSecret", kubernetesSecret: { secretRef: { name } } });
  const timeout = "10s";
  return [
    caConfigMap("ca", authority.pem),
    ...trust("release", key.publicKeyPem),
    dockerSecret("wide", { [a]: users.wide }),
    dockerSecret("narrow", { [`${a}/team`]: users.narrow }),
    dockerSecret("second", { [b]: users.second }),
    authProvider("wide", { registries: [a], ...secret("wide") }),
    authProvider("narrow", { registries: [`${a}/team`], ...secret("narrow") }),
    authProvider("second", { registries: [b], tokenHosts: [{ registry: b, tokenHost: tokens.host }], ...secret("second") }),
    authProvider("broken", { registries: [`${b}/broken`], ...secret("gone") }),
    store("first", { scopes: [a], timeout, registry }),
    store("second", { scopes: [b], timeout, registry }),
    store("crossed", { scopes: [`${a}/shared`], timeout, registry: { ...registry, evidenceRepository: `${b}/evidence` } }),
  ];
}

const reference = (proxy: RecordingProxy, repository: string, image: PushedManifest): string =>
  `${proxy.host}/${repository}@${image.digest}`;
async function verify(composition: Files, image: string): Promise<Report> {
  const report = await composition.verify(image);
  reports.push(report);
  return report;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64").replace(/=+$/, "");
/** Whether a user's password is there, in any form that HTTP, a Secret or a URL gives it. */
function shows(text: string, name: Name): boolean {
  const { username, password } = users[name];
  return [password, base64(password), base64(`${username}:${password}`), encodeURIComponent(password)].some((form) => text.includes(form));
}
const shown = (text: string): readonly Name[] => (Object.keys(users) as Name[]).filter((name) => shows(text, name));
const rawOf = (proxy: RecordingProxy): string => proxy.requests.map(({ raw }) => raw).join("\n\n");
/** Of all that was ever sent to the second registry. */
const bearers = (): readonly string[] =>
  secondProxy.requests.flatMap(({ authorization }) => /^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? []);

test(
  "each image is allowed with the credential of the most specific pattern, and each credential stays below its own path",
  options,
  async () => {
    for (const image of [
      reference(firstProxy, "team/app", images.team),
      reference(firstProxy, "other/app", images.other),
      reference(secondProxy, "app", images.tokens),
    ]) {
      const report = await verify(files, image);
      assert.equal(report.verdict.outcome, "allow", JSON.stringify(report));
    }
    const pathsOf = (name: Name): readonly string[] => firstProxy.requests.filter(({ raw }) => shows(raw, name)).map(({ path }) => path);
    assert.ok(pathsOf("narrow").length > 0 && pathsOf("narrow").every((path) => path === "/v2/" || path.startsWith("/v2/team/")));
    assert.ok(pathsOf("wide").length > 0 && pathsOf("wide").every((path) => path === "/v2/" || path.startsWith("/v2/other/")));
  },
);

test(
  "an AuthProvider that has no credential falls back to nobody: the image is inconclusive and its registry is not asked",
  options,
  async () => {
    const report = await verify(files, reference(secondProxy, "broken/app", images.broken));
    assert.deepEqual(
      [report.verdict.outcome, classesOf(report, "second")],
      ["inconclusive", ["CredentialUnavailable"]],
      JSON.stringify(report),
    );
    assert.equal(
      secondProxy.requests.some(({ path }) => path.includes("/broken/")),
      false,
    );
  },
);

test("an artifact that lies in two registries is fetched once, and the report names both Stores", options, async () => {
  const before = firstProxy.requests.length + secondProxy.requests.length;
  const [listed, both] = [new Set<string>(), Promise.withResolvers<void>()];
  // Both listings first, or the verdict stands before the second is there.
  const gate =
    (place: string) =>
    (request: ProxiedRequest): Promise<void> | undefined => {
      if (isListing(request)) listed.add(place);
      if (listed.size === 2) both.resolve();
      return isListing(request) ? both.promise : undefined;
    };
  firstProxy.gate = gate("first");
  secondProxy.gate = gate("second");
  const report = await verify(files, reference(firstProxy, "shared/app", images.shared));
  firstProxy.gate = secondProxy.gate = () => undefined;
  assert.equal(report.verdict.outcome, "allow", JSON.stringify(report));
  const seen = [...firstProxy.requests, ...secondProxy.requests];
  assert.ok(seen.length > before);
  for (const digest of [sharedSignature.digest, sharedSignature.blobs.at(-1)?.digest ?? ""])
    assert.equal(seen.filter(({ path, status }) => path.endsWith(`/${digest}`) && status === 200).length, 1, digest);
});
const isListing = ({ path, authorization }: ProxiedRequest): boolean =>
  authorization !== undefined && (path.includes("/referrers/") || /\/manifests\/sha256-[0-9a-f]{64}$/.test(path));

test(
  "a Store without a credential stays AuthenticationFailed, though its registry answers 404 for the referrers API to anybody",
  options,
  async () => {
    const registry = { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } };
    const anonymous = authProvider("nobody", { registries: [firstProxy.host], type: "anonymous" });
    await using fresh = await fromFiles([
      caConfigMap("ca", authority.pem),
      ...trust("release", key.publicKeyPem),
      anonymous,
      store("first", { scopes: [firstProxy.host], registry }),
    ]);
    await fresh.probe();
    const before = firstProxy.requests.length;
    for (let round = 0; round < 3; round += 1) {
      const report = await verify(fresh, reference(firstProxy, "other/app", images.other));
      assert.deepEqual([report.verdict.outcome, classesOf(report, "first")], ["inconclusive", ["AuthenticationFailed"]]);
      const ready = fresh.status("Store", "first").conditions.find(({ type }) => type === "Ready");
      assert.deepEqual([ready?.status, ready?.reason], ["False", "AuthenticationFailed"]);
    }
    const seen = firstProxy.requests.slice(before).filter(({ path }) => path.includes("/referrers/"));
    assert.deepEqual([...new Set(seen.map(({ status }) => status))], [404]);
  },
);

const realms: readonly (readonly [string, () => string])[] = [
  ["another host", () => `https://localhost:${thief.port}/token`],
  ["another port", () => `${thief.origin}/token`],
  ["plain http", () => `${plainThief.origin}/token`],
  ["the other registry", () => `https://${firstProxy.host}/token`],
];
for (const [where, realm] of realms)
  test(`a token realm on ${where} gets no credential, and the Store says UnsafeEndpoint`, options, async () => {
    const before = firstProxy.requests.length;
    secondProxy.intercept = (_request, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm()}",service="test-registry"` }).end();
      return true;
    };
    await using fresh = await fromFiles(objects());
    const report = await verify(fresh, reference(secondProxy, "app", images.tokens));
    secondProxy.intercept = () => false;
    assert.deepEqual([report.verdict.outcome, classesOf(report, "second")], ["inconclusive", ["UnsafeEndpoint"]], JSON.stringify(report));
    assert.deepEqual([thief.requests.length, plainThief.requests.length, firstProxy.requests.length - before], [0, 0, 0]);
    assert.deepEqual(shown(fresh.log()), []);
  });

for (const [where, location] of [
  ["the other registry", () => `https://${secondProxy.host}/v2/evidence/manifests/x`],
  ["another host", () => `https://localhost:${thief.port}/v2/`],
  ["plain http on its own host", () => `http://${firstProxy.host}/v2/`],
] as const)
  test(`a redirect to ${where} takes no credential along`, options, async () => {
    const before = secondProxy.requests.length;
    firstProxy.intercept = ({ authorization }, response) => {
      if (authorization === undefined) return false;
      response.writeHead(307, { location: location() }).end();
      return true;
    };
    await using fresh = await fromFiles(objects());
    const report = await verify(fresh, reference(firstProxy, "other/app", images.other));
    firstProxy.intercept = () => false;
    assert.deepEqual([report.verdict.outcome, classesOf(report, "first")], ["inconclusive", ["UnsafeEndpoint"]], JSON.stringify(report));
    assert.deepEqual([thief.requests.length, plainThief.requests.length], [0, 0]);
    assert.equal(
      secondProxy.requests.slice(before).some(({ raw }) => shown(raw).length > 0),
      false,
    );
  });

test("neither registry ever saw the other's credential, and the token service only its own", options, () => {
  assert.deepEqual(shown(rawOf(firstProxy)).toSorted(), ["narrow", "wide"]);
  assert.equal(/authorization: bearer/i.test(rawOf(firstProxy)), false);
  // Its password goes to the token service, and to the registry only what that gives for it.
  assert.deepEqual(shown(rawOf(secondProxy)), []);
  assert.ok(bearers().length > 0);
  assert.deepEqual(shown(JSON.stringify(tokens.requests)), ["second"]);
});

test("no secret and no token stands in a log, a report, a status, or the inside of the composition, printed", options, async () => {
  await files.probe();
  const { core } = files;
  const whole = { depth: 14, showHidden: true, maxArrayLength: null, maxStringLength: null } as const;
  const places: Readonly<Record<string, string>> = {
    log: files.log(),
    reports: JSON.stringify(reports),
    "the status of Stores": JSON.stringify(["first", "second", "crossed"].map((name) => files.status("Store", name))),
    "the status of AuthProviders": JSON.stringify(["wide", "narrow", "second", "broken"].map((name) => files.status("AuthProvider", name))),
    "the snapshot, inspected": inspect(core.snapshot(), whole),
    "the composition, inspected": inspect(core, whole),
  };
  for (const [place, text] of Object.entries(places)) {
    assert.deepEqual(shown(text), [], place);
    assert.equal(
      bearers().some((token) => text.includes(token)),
      false,
      `a token in ${place}`,
    );
  }
});

test("no command prints a secret, whatever goes wrong", options, async () => {
  const manifests = ["--manifests", files.directory];
  const image = reference(firstProxy, "team/app", images.team);
  firstProxy.intercept = ({ raw }, response) => {
    // A registry that repeats what it was sent, in every place of an answer that may be repeated.
    response.writeHead(403, raw.replaceAll(/\s+/g, " ").slice(0, 200), {
      "content-type": "application/json",
      "x-echo": encodeURIComponent(raw),
    });
    response.end(JSON.stringify({ errors: [{ code: "DENIED", message: raw, detail: raw }] }));
    return true;
  };
  for (const [args, code] of [
    [["verify", ...manifests, image], 2],
    [["verify", ...manifests, "-o", "json", image], 2],
    [["explain", ...manifests, "-o", "json", image], 0],
    [["check", ...manifests, "-o", "json"], undefined],
    [["get", "stores", ...manifests, "-o", "yaml"], undefined],
    [["get", "authproviders", ...manifests], undefined],
    [["verify", ...manifests, `${image}@`], undefined],
  ] as const) {
    const result = await countersign(args);
    if (code !== undefined) assert.equal(result.code, code, `${args.join(" ")}\n${result.stdout}${result.stderr}`);
    assert.deepEqual(shown(result.stdout + result.stderr), [], args.join(" "));
  }
  firstProxy.intercept = () => false;
});

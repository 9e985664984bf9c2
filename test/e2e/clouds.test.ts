import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { mapLimited } from "../../src/kernel/limit.ts";
import type { Report } from "../../src/engine/report.ts";
import { ecrHostName, stsHostName } from "../support/cloud/aws.ts";
import type { SeenRequest } from "../support/cloud/internet.ts";
import { type Clouds, clients, type HostName, hostNames, hosts, role, startClouds } from "./clouds.ts";
import { eventually, options, tools } from "./fixture.ts";

const verifications = 1000;
let clouds: Clouds;

before(async () => {
  if (tools !== undefined) clouds = await startClouds();
});
after(() => clouds?.[Symbol.asyncDispose]());

const verify = (image: string): Promise<Report> => clouds.operator.cluster.core.verify(image, AbortSignal.timeout(60_000));

/** All that one request showed to a host, with what Basic hides. */
function shown({ path, headers, body }: SeenRequest): string {
  const [, pair = ""] = /^Basic (.+)$/.exec(headers.authorization ?? "") ?? [];
  return [path, ...Object.values(headers).flat(), body, decodeURIComponent(body.replaceAll("+", " ")), Buffer.from(pair, "base64")].join(
    "\n",
  );
}

/** Secrets that a host saw and that were not for it. */
function trespasses(): readonly string[] {
  const secrets = clouds.secrets();
  return clouds.internet.requests.flatMap((request) => {
    const text = shown(request);
    return [...secrets].flatMap(([secret, sites]) =>
      text.includes(secret) && !sites.includes(request.site) ? [`${request.site} saw one of ${sites.join()}`] : [],
    );
  });
}

/** Requests of one path at a host. */
const asked = (site: string, path: RegExp): number => clouds.internet.at(site).filter((request) => path.test(request.path)).length;
const tokenRequests = async (): Promise<readonly string[]> =>
  (await clouds.plane.auditEntries())
    .filter(
      ({ verb, objectRef, userAgent }) =>
        verb === "create" && objectRef?.resource === "serviceaccounts" && userAgent?.startsWith("countersign/") === true,
    )
    .map(({ objectRef }) => `${objectRef?.name}`)
    .toSorted();

/** Host and kind of image in an order that is drawn: every host as often as any other. */
function drawn(seed: number): readonly { readonly host: HostName; readonly isSigned: boolean }[] {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator: the same everywhere for the same seed
    return state / 2 ** 32;
  };
  const each = Array.from({ length: verifications }, (_, at) => ({
    host: hostNames[at % hostNames.length] ?? "ghcr",
    isSigned: at % 3 !== 0,
  }));
  return each
    .map((item) => ({ item, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

test(
  `one Store over five hosts: ${verifications} interleaved verifications, and an identity that is revoked half way`,
  options,
  async (t) => {
    const seed = Number(process.env["SEED"] ?? randomInt(2 ** 31));
    t.diagnostic(`seed ${seed}`);
    const order = drawn(seed);
    const judge = async ({
      host,
      isSigned,
    }: (typeof order)[number]): Promise<{ readonly host: HostName; readonly isSigned: boolean; readonly report: Report }> => {
      const { signed, unsigned } = clouds.images[host];
      return { host, isSigned, report: await verify(isSigned ? (signed[0] ?? "") : unsigned) };
    };
    const signal = AbortSignal.timeout(240_000);
    const limits = { concurrency: 16, signal };

    const before = await mapLimited(order.slice(0, verifications / 2), judge, limits);
    for (const { host, isSigned, report } of before)
      assert.equal(report.verdict.outcome, isSigned ? "allow" : "deny", `${host}: ${JSON.stringify(report)}`);
    const minted = {
      entra: asked("login.microsoftonline.com", /oauth2\/v2[.]0\/token/),
      alpha: [asked(hosts.alpha, /oauth2\/exchange/), asked(hosts.alpha, /oauth2\/token/)],
      bravo: [asked(hosts.bravo, /oauth2\/exchange/), asked(hosts.bravo, /oauth2\/token/)],
      sts: asked(stsHostName, /./),
      ecr: asked(ecrHostName, /./),
      ghcr: asked(hosts.ghcr, /^\/token/),
      serviceAccounts: await tokenRequests(),
    };
    // Of the registries' own tokens: one for the repository, and at most one for the probe of /v2/.
    assert.deepEqual([minted.entra, minted.alpha[0], minted.bravo[0], minted.sts, minted.ecr], [2, 1, 1, 1, 1], JSON.stringify(minted));
    assert.ok(
      [minted.alpha[1], minted.bravo[1], minted.ghcr].every((count) => count !== undefined && count <= 2),
      JSON.stringify(minted),
    );
    assert.deepEqual(minted.serviceAccounts, ["alpha", "bravo", "irsa"]);

    clouds.azure.alpha.revoked = true;
    const afterwards = await mapLimited(order.slice(verifications / 2), judge, limits);
    for (const { host, isSigned, report } of afterwards) {
      const expected = host === "alpha" ? "inconclusive" : isSigned ? "allow" : "deny";
      assert.equal(report.verdict.outcome, expected, `${host}: ${JSON.stringify(report)}`);
      if (host === "alpha")
        assert.match(
          JSON.stringify(report),
          /AuthenticationFailed: alpha[.]azurecr[.]io|alpha[.]azurecr[.]io: (its token service answered 401|refused)/,
        );
    }
    assert.deepEqual(
      [asked("login.microsoftonline.com", /oauth2\/v2[.]0\/token/), asked(stsHostName, /./), asked(ecrHostName, /./)],
      [2, 1, 1],
    );
    assert.deepEqual(trespasses(), []);

    const status = await eventually("the row of the revoked host", async () => {
      const text = await clouds.plane.kubectlOk(["get", "stores.countersign.dev", "production", "-o", "json"]);
      const { endpoints = [] } = (
        JSON.parse(text) as {
          readonly status: {
            readonly endpoints?: readonly {
              readonly endpoint: string;
              readonly state: string;
              readonly reason?: string;
              readonly authProvider?: string;
            }[];
          };
        }
      ).status;
      return endpoints.some(({ state }) => state === "Failing") ? endpoints : undefined;
    });
    const rows = status.map(({ endpoint, state, reason, authProvider }) => [endpoint, state, reason, authProvider].join(" "));
    assert.deepEqual(
      new Set(rows),
      new Set([
        `${hosts.alpha} Failing AuthenticationFailed alpha`,
        `${hosts.bravo} Healthy CheckSucceeded bravo`,
        `${hosts.ecr} Healthy CheckSucceeded ecr`,
        `${hosts.ghcr} Healthy CheckSucceeded public`,
        `${hosts.mar} Healthy CheckSucceeded public`,
      ]),
    );

    clouds.azure.alpha.revoked = false;
    assert.equal((await verify(clouds.images.alpha.signed[0] ?? "")).verdict.outcome, "allow", "and at once when it is given back");
  },
);

test("a registry that looks like one of a cloud gets nothing, and nothing is asked for it", options, async () => {
  const before = clouds.internet.requests.length;
  for (const host of ["alpha.azurecr.io.evil.example", "evil-azurecr.io", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example"]) {
    clouds.internet.set(host, () => ({
      status: 401,
      headers: { "www-authenticate": `Bearer realm="https://${hosts.alpha}/oauth2/token"` },
    }));
    const report = await verify(`${host}/acme/app@sha256:${"0".repeat(64)}`);
    assert.notEqual(report.verdict.outcome, "allow");
  }
  const seen = clouds.internet.requests.slice(before);
  assert.ok(seen.every(({ headers }) => headers.authorization === undefined));
  assert.deepEqual(trespasses(), []);
});

test("kubectl get authproviders says whom each acts as", options, async () => {
  const table = await clouds.plane.kubectlOk(["get", "authproviders.countersign.dev"]);
  const lines = table
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));
  const [header = [], ...rows] = lines;
  assert.deepEqual(header.slice(0, 5), ["NAME", "READY", "REASON", "TYPE", "IDENTITY"], table);
  const identities = Object.fromEntries(rows.map((row) => [row[0], row[4]]));
  assert.match(identities["alpha"] ?? "", new RegExp(clients.alpha), table);
  assert.match(identities["bravo"] ?? "", new RegExp(clients.bravo), table);
  assert.match(identities["ecr"] ?? "", new RegExp(role), table);
});

test("no secret of a cloud stands anywhere but on the wire to whom it is for", options, async () => {
  const { plane, operator, images } = clouds;
  const secrets = [...clouds.secrets().keys()];
  assert.ok(secrets.length >= 10, `${secrets.length} secrets were given out`);
  const reports = await Promise.all(hostNames.map((name) => verify(images[name].signed[0] ?? "")));
  const places = {
    objects: await plane.kubectlOk(["get", "stores.countersign.dev,authproviders.countersign.dev", "-o", "yaml"]),
    events: await plane.kubectlOk(["get", "events", "--all-namespaces", "-o", "yaml"]),
    log: operator.log(),
    reports: JSON.stringify(reports),
    "snapshot, inspected": inspect(operator.cluster.core.snapshot(), {
      depth: 14,
      showHidden: true,
      maxArrayLength: null,
      maxStringLength: null,
    }),
  };
  for (const [place, text] of Object.entries(places)) assert.deepEqual(secrets.filter((secret) => text.includes(secret)).length, 0, place);
});

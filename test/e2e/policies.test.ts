/** Policies on what real cosign signed, in real registries: two and three locations, one of which fails in one way after the other. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import { createAuthority, loopback } from "../support/certificates.ts";
import { type Cosign, type CosignKey, createCosign } from "../support/real/cosign.ts";
import { type PushedManifest, pushImage, type PushTarget } from "../support/real/image.ts";
import { type Registry, startDistribution, startOlareg } from "../support/real/registries.ts";
import { type Files, fromFiles } from "./files.ts";
import { caConfigMap, options, store, tools } from "./fixture.ts";
import { type RecordingProxy, startProxy } from "./proxy.ts";

const apiVersion = "countersign.dev/v1alpha1";
const authority = createAuthority();
const people = ["alice", "bob"] as const;
type Person = (typeof people)[number];

let cosign: Cosign;
let keys: Readonly<Record<Person, CosignKey>>;
let registries: readonly Registry[] = [];
/** In front of the registry whose Store fails. */
let proxy: RecordingProxy;
/** By who signed it. */
const images = new Map<string, PushedManifest>();
let host = "";

before(async () => {
  if (tools === undefined) return;
  const tls = authority.issue(loopback);
  cosign = await createCosign({ tools });
  const [own, second] = await Promise.all([startOlareg({ tools, tls }), startDistribution({ tools, tls })]);
  registries = [own, second];
  host = own.host;
  keys = { alice: await cosign.createKey(), bob: await cosign.createKey() };
  const target: PushTarget = { url: own.url, repository: "acme/app", ca: authority.pem };
  for (const signers of [[], ["alice"], ["bob"], ["alice", "bob"]] as const) {
    const image = await pushImage(target, { seed: `by ${signers.join(" and ")}` });
    for (const person of signers) await cosign.sign(image.reference, { key: keys[person], ca: authority.pem });
    images.set(signers.join("+"), image);
  }
  const attested = await pushImage(target, { seed: "attested" });
  await cosign.sign(attested.reference, { key: keys.alice, ca: authority.pem });
  await cosign.attest(attested.reference, {
    key: keys.alice,
    type: "vuln",
    predicate: { scanner: { result: "failed" } },
    ca: authority.pem,
  });
  images.set("attested", attested);
  // The other location exists, can be read, and has nothing of these images.
  await pushImage({ url: second.url, repository: "evidence", ca: authority.pem }, { seed: "other", tag: "other" });
  proxy = await startProxy({ host: second.host, ca: authority.pem, certificate: tls });
});
after(async () => {
  cosign?.close();
  await proxy?.[Symbol.asyncDispose]();
  await Promise.all(registries.map((registry) => registry.close()));
});

interface Setting {
  readonly policies: readonly object[];
  /** Default: the image's own registry, and one that has nothing. */
  readonly stores?: readonly object[];
}

const caBundleRef = { kind: "ConfigMap", name: "ca", key: "ca.crt" };
const own = (): object => store("production", { scopes: [host], timeout: "10s", registry: { caBundleRef } });
const mirror = (evidence: "Required" | "Optional" = "Required"): object =>
  store("mirror", { scopes: [host], evidence, timeout: "1500ms", registry: { evidenceRepository: `${proxy.host}/evidence`, caBundleRef } });
/** Reads the image's own location too, without being able to: a third Store. */
const twin = (): object => store("twin", { scopes: [host], timeout: "10s", registry: { caBundleRef } });

function policy(name: string, require: readonly object[], more: object = {}): object {
  return { apiVersion, kind: "Policy", metadata: { name }, spec: { scopes: ["*"], require, ...more } };
}

async function started({ policies, stores = [own(), mirror()] }: Setting): Promise<Files> {
  const keyProvider = (person: Person): object => ({
    apiVersion,
    kind: "KeyProvider",
    metadata: { name: person },
    spec: { type: "inline", inline: { keys: [{ name: person, publicKey: keys[person].publicKeyPem }] } },
  });
  const verifier = { type: "cosign", cosign: { keyProviderRefs: people.map((name) => ({ name })) } };
  return await fromFiles([
    caConfigMap("ca", authority.pem),
    ...people.map(keyProvider),
    { apiVersion, kind: "Verifier", metadata: { name: "release" }, spec: verifier },
    ...stores,
    ...policies,
  ]);
}

async function verified(files: Files, signers: string): Promise<Report> {
  const image = images.get(signers);
  if (image === undefined) throw new TypeError(`there is no image "${signers}"`);
  return await files.verify(`${host}/acme/app@${image.digest}`);
}
async function outcomes(files: Files): Promise<Readonly<Record<string, string>>> {
  const entries = await Promise.all(
    [...images.keys()].map(async (name) => [name || "nobody", (await verified(files, name)).verdict.outcome] as const),
  );
  return Object.fromEntries(entries);
}

const two = policy("two", [{ verifierRef: { name: "release" }, atLeast: 2, count: "Signers" }]);
const one = policy("one", [{ verifierRef: { name: "release" } }]);
const byExpression = policy("by-expression", [
  { expression: `evidence.exists(e, e.verified && e.signers.exists(s, s.name.contains("alice")))` },
]);
const every = policy("every", [{ verifierRef: { name: "release" }, every: true }]);
const [allow, deny, open] = ["allow", "deny", "inconclusive"];

const rows: readonly (readonly [string, readonly object[], Readonly<Record<string, string | undefined>>])[] = [
  ["the built-in policy", [], { nobody: deny, alice: allow, bob: allow, "alice+bob": allow, attested: allow }],
  ["two signers", [two], { nobody: deny, alice: deny, bob: deny, "alice+bob": allow, attested: deny }],
  ["one signer and two signers", [one, two], { nobody: deny, alice: deny, bob: deny, "alice+bob": allow, attested: deny }],
  ["an expression on who signed", [byExpression], { nobody: deny, alice: allow, bob: deny, "alice+bob": allow, attested: allow }],
  [
    "every artifact, attestations beside signatures",
    [every],
    { nobody: deny, alice: allow, bob: allow, "alice+bob": allow, attested: allow },
  ],
  [
    "two signers or an expression",
    [
      policy("either", [
        { name: "either", anyOf: [{ verifierRef: { name: "release" }, atLeast: 2 }, { expression: `image.repository == "nothing"` }] },
      ]),
    ],
    { nobody: deny, alice: deny, bob: deny, "alice+bob": allow, attested: deny },
  ],
  [
    "two signers that only warn, over the built-in policy",
    [policy("warn", [{ verifierRef: { name: "release" }, atLeast: 2 }], { enforcement: "Warn" })],
    { nobody: deny, alice: allow, bob: allow, "alice+bob": allow, attested: allow },
  ],
  [
    "two signers with an exception that has not ended",
    [
      policy("exempt", [{ verifierRef: { name: "release" }, atLeast: 2 }], {
        exceptions: [{ scopes: ["*"], expirationTime: "2099-01-01T00:00:00Z", reason: "SEC-1" }],
      }),
    ],
    { nobody: allow, alice: allow, bob: allow, "alice+bob": allow, attested: allow },
  ],
  [
    "two signers with an exception that has ended",
    [
      policy("ended", [{ verifierRef: { name: "release" }, atLeast: 2 }], {
        exceptions: [{ scopes: ["*"], expirationTime: "2020-01-01T00:00:00Z", reason: "SEC-1" }],
      }),
    ],
    { nobody: deny, alice: deny, bob: deny, "alice+bob": allow, attested: deny },
  ],
  [
    "an expression that is none",
    [policy("typo", [{ expression: "evidence.exists(e, e.verifed" }])],
    { nobody: open, alice: open, bob: open, "alice+bob": open, attested: open },
  ],
  [
    "a Verifier that does not exist",
    [policy("missing", [{ verifierRef: { name: "gone" } }])],
    { nobody: open, alice: open, bob: open, "alice+bob": open, attested: open },
  ],
];
for (const [what, policies, expected] of rows)
  test(`${what}, on what cosign signed`, options, async () => {
    await using files = await started({ policies });
    assert.deepEqual(await outcomes(files), expected);
  });

test("the sentence of a denial names the policy, what it needs and who has signed, and the stores that were asked", options, async () => {
  await using files = await started({ policies: [two] });
  const { summary } = await verified(files, "alice");
  const short = images.get("alice")?.digest.slice(0, "sha256:".length + 12) ?? "";
  assert.equal(
    summary,
    `${host}/acme/app@${short}… denied by Policy/two: needs 2 signers of Verifier/release, has 1 (KeyProvider/alice key "alice"); asked stores mirror (0 artifacts), production (1 artifact)`,
  );
});

const unauthorized = { "www-authenticate": 'Basic realm="test"' };
const faults: readonly (readonly [string, string, (response: ServerResponse) => void])[] = [
  ["closes every connection", "ConnectionReset", (response) => void response.destroy()],
  ["answers 401", "AuthenticationFailed", (response) => void response.writeHead(401, unauthorized).end()],
  ["answers 403", "AuthorizationDenied", (response) => void response.writeHead(403).end()],
  ["answers 429", "RateLimited", (response) => void response.writeHead(429, { "retry-after": "3600" }).end()],
  ["answers 503", "ServerError", (response) => void response.writeHead(503).end()],
  ["answers a login page", "ProtocolError", (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>")],
  ["never answers", "Timeout", () => {}],
];
for (const [what, errorClass, misbehave] of faults)
  for (const stores of [2, 3])
    test(
      `of ${stores} stores one ${what}: two signers are allowed, fewer inconclusive, and denied where that store is Optional`,
      options,
      async () => {
        const others = stores === 3 ? [own(), twin()] : [own()];
        await using required = await started({ policies: [two], stores: [...others, mirror()] });
        await using optional = await started({ policies: [two], stores: [...others, mirror("Optional")] });
        const held = new Set<ServerResponse>();
        proxy.intercept = (_, response) => {
          held.add(response);
          misbehave(response);
          return true;
        };
        try {
          const both = await verified(required, "alice+bob");
          assert.equal(both.verdict.outcome, "allow", both.summary);
          const single = await verified(required, "alice");
          assert.equal(single.verdict.outcome, "inconclusive", single.summary);
          assert.match(single.summary, new RegExp(`mirror \\(${errorClass}: `));
          const denied = await verified(optional, "alice");
          assert.equal(denied.verdict.outcome, "deny", denied.summary);
          assert.match(denied.summary, new RegExp(`needs 2 signers of Verifier/release, has 1 .*mirror \\(${errorClass}: `));
          assert.equal(denied.complete, false);
        } finally {
          proxy.intercept = () => false;
          for (const response of held) response.destroy();
        }
        // Nothing of the failure is remembered.
        assert.equal((await verified(required, "alice")).verdict.outcome, "deny");
      },
    );

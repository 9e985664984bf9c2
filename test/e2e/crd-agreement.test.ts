import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { mapLimited } from "../../src/kernel/limit.ts";
import { apiVersion, kindTable } from "../../src/api/kinds.ts";
import { resourceKinds } from "../../src/api/object.ts";
import { type Case, generateFaults, generateTexts } from "../api/fault-generator.ts";
import { accepted, object, refusals } from "../api/objects.ts";
import { type ControlPlane, startControlPlane } from "../support/real/control-plane.ts";
import { send } from "../support/real/http.ts";
import { findTools } from "../tools/build.ts";

const tools = await findTools();
const options = { skip: tools === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 180_000 };
const root = new URL("../../", import.meta.url).pathname;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let plane: ControlPlane;
let client: { readonly cert: string; readonly key: string };
before(async () => {
  if (tools === undefined) return;
  plane = await startControlPlane({ tools });
  client = await adminCertificate(plane.adminKubeconfig);
  await plane.kubectlOk(["apply", "-k", `${root}config/crd`]);
  await plane.kubectlOk(["create", "namespace", "team-a"]);
  await plane.kubectlOk(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
});
after(() => plane?.stop());

describe("config/crd on a real API server", options, () => {
  it("is accepted without a warning and as it was written: structural, and no rule too dear", async () => {
    const conditions = JSON.parse(await plane.kubectlOk(["get", "crd", "-o", "json"])) as {
      items: { status: { conditions: Condition[] } }[];
    };
    const states = conditions.items.map(({ status }) =>
      status.conditions.filter(({ type }) => type === "NonStructuralSchema" || type === "Established").map(({ type }) => type),
    );
    assert.deepEqual(
      states,
      Array.from(resourceKinds, () => ["Established"]),
    );
    assert.equal((await plane.kubectlOk(["diff", "-k", `${root}config/crd`])).trim(), "");
  });

  it("takes every sample that decode() takes, with the same defaults", async () => {
    for (const kind of resourceKinds) {
      for (const [sample, spec] of Object.entries(accepted[kind])) {
        const answer = await create(kind, object(kind, spec));
        assert.equal(answer.status, 201, `${kind}, ${sample}: ${answer.message}`);
        const decode = kindTable[kind].decode;
        assert.deepEqual(decode(answer.body), decode(object(kind, spec)), `${kind}, ${sample}`);
      }
    }
    await plane.kubectlOk(["apply", "-f", `${root}config/manager/namespace.yaml`]);
    await plane.kubectlOk(["apply", "--dry-run=server", "-k", `${root}config/samples`]);
    await plane.kubectlOk(["apply", "--dry-run=server", "-k", `${root}config/samples/tenant`]);
  });

  it("refuses 500 objects with one fault each as decode() does, at the same path and in the same words", async (t) => {
    t.diagnostic(`seed ${seed}`);
    await compare(generateFaults(500, seed));
  });

  it("and decode() agree on 500 texts that may be right or wrong", async (t) => {
    t.diagnostic(`seed ${seed}`);
    await compare(generateTexts(500, seed));
  });
});

describe("kubectl", options, () => {
  const golden: readonly (readonly [string, (typeof resourceKinds)[number], object, string])[] = [
    [
      "a pattern that is too wide",
      "AuthProvider",
      { registries: ["*.io"], type: "anonymous" },
      'spec.registries[0]: Invalid value: "*.io": "*.io" is too wide: "*" may not stand for one of the last two labels',
    ],
    [
      "a member of another type",
      "AuthProvider",
      { registries: ["ghcr.io"], type: "anonymous", kubernetesSecret: { secretRef: { name: "a" } } },
      'spec: Invalid value: type is "anonymous" but "kubernetesSecret" is set; remove it or change type',
    ],
    [
      'a scope with "*" in its path',
      "Store",
      { scopes: ["docker.io", "ghcr.io/acme/*"], type: "registry" },
      'spec.scopes[1]: Invalid value: "ghcr.io/acme/*": "ghcr.io/acme/*" has "*" in a path; write "ghcr.io/acme"',
    ],
  ];
  for (const [name, kind, spec, said] of golden) {
    it(`apply refuses ${name} in the words of decode()`, async () => {
      const result = await plane.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(object(kind, spec, "golden")) });
      assert.equal(result.stderr.trim(), `The ${kind} "golden" is invalid: ${said}`);
      const [ours = ""] = refusals(kind, spec);
      assert.equal(said.replace(/Invalid value: ("[^"]*": )?/, ""), ours);
    });
  }

  it("explain reads as the golden file", async () => {
    const pages: string[] = [];
    for (const path of [
      "store.spec.registry.rewrite",
      "store.spec",
      "authprovider.spec",
      "verifier.spec.cosign",
      "keyprovider.spec.inline.keys",
      "policy.spec",
      "policy.spec.require",
      "namespacedstore.spec",
      "namespacedauthprovider.spec",
      "namespacedpolicy.spec.require.verifierRef",
    ])
      pages.push(`$ kubectl explain ${path}\n${await plane.kubectlOk(["explain", path])}`);
    await matchesGolden("explain.txt", pages.join(""));
  });

  it("get prints the columns of design section 5, and says -1 of a status that nobody has written", async () => {
    await plane.kubectlOk(
      ["apply", "-f", "-"],
      JSON.stringify(object("Store", accepted.Store["registry, as short as can be"], "production")),
    );
    assert.equal(await plane.kubectlOk(["get", "stores", "production", "-o", "jsonpath={.status}"]), '{"observedGeneration":-1}');
    const status = {
      observedGeneration: 1,
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "AuthenticationFailed",
          message: "mirror.acme.io refused",
          lastTransitionTime: "2026-11-24T15:00:00Z",
        },
      ],
      registry: "acme.azurecr.io (+3)",
      auth: "acr (+1)",
      consecutiveFailures: 3,
      latencyMilliseconds: 85,
    };
    await plane.kubectlOk(["patch", "store", "production", "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);
    await plane.kubectlOk(["apply", "-f", "-"], JSON.stringify(object("AuthProvider", accepted.AuthProvider["anonymous"], "public")));
    const minted = {
      observedGeneration: 1,
      conditions: [{ ...status.conditions[0], status: "True", reason: "Succeeded", message: "Example Registry takes its credentials" }],
      identity: "arn:aws:iam::123456789012:role/registry-reader",
      expirationTime: "2126-11-25T03:00:00Z",
      lastError: { class: "RateLimited", message: "too often", firstTime: "2026-11-24T15:00:00Z", time: "2026-11-24T15:00:00Z", count: 1 },
    };
    const patch = ["--subresource=status", "--type=merge", "-p", JSON.stringify({ status: minted })];
    await plane.kubectlOk(["patch", "authproviders.countersign.dev", "public", ...patch]);
    for (const kind of ["Policy", "NamespacedPolicy"] as const)
      await plane.kubectlOk(["apply", "-f", "-"], JSON.stringify(object(kind, accepted[kind]["as short as can be"], "signed")));
    const shown = async (...args: string[]): Promise<string> => {
      const table = await plane.kubectlOk(["get", ...args]);
      return `$ kubectl get ${args.join(" ")}\n${table.replaceAll(/ [0-9]+s\b/g, (age) => ` ${"-".repeat(age.length - 1)}`).replaceAll(/ +$/gm, "")}\n`;
    };
    const tables = [
      await shown("stores"),
      await shown("csstore", "-o", "wide"),
      await shown("csauth"),
      await shown("stores", "--field-selector=spec.type=ociLayout"),
      await shown("policies", "-o", "wide"),
      await shown("csnspolicy", "-n", "team-a"),
    ];
    await matchesGolden("get.txt", tables.join(""));
    const all = await plane.kubectlOk(["get", "countersign", "-o", "name"]);
    assert.deepEqual(all.trim().split("\n").toSorted(), [
      "authprovider.countersign.dev/public",
      "policy.countersign.dev/signed",
      "store.countersign.dev/production",
    ]);
    await plane.kubectlOk(["wait", "--for=condition=Ready=false", "store/production", "--timeout=5s"]);
  });
});

interface Condition {
  readonly type: string;
}
interface Cause {
  readonly field?: string;
  readonly message?: string;
}
interface Answer {
  readonly status: number;
  readonly message: string;
  readonly causes: readonly Cause[];
  readonly body: unknown;
}

/** Creates without keeping, with unknown fields refused, as kubectl does. */
async function create(kind: (typeof resourceKinds)[number], body: unknown): Promise<Answer> {
  const { plural, scope } = kindTable[kind];
  const path = scope === "Cluster" ? plural : `namespaces/team-a/${plural}`;
  const url = `${plane.apiServerUrl}/apis/${apiVersion}/${path}?dryRun=All&fieldValidation=Strict`;
  const response = await send(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ca: plane.caPem,
    ...client,
  });
  const parsed = JSON.parse(response.body.toString("utf8")) as { message?: string; details?: { causes?: Cause[] } };
  return { status: response.status, message: parsed.message ?? "", causes: parsed.details?.causes ?? [], body: parsed };
}

async function compare(cases: readonly Case[]): Promise<void> {
  const differences = await mapLimited(cases, async (one) => difference(one, await create(one.kind, one.object)), {
    concurrency: 8,
    signal: AbortSignal.timeout(150_000),
  });
  assert.deepEqual(
    differences.filter((found) => found !== undefined),
    [],
  );
}

/** How the server's answer differs from what decode() says, if it does. */
function difference({ kind, change, object: sent, diagnostics }: Case, answer: Answer): object | undefined {
  const ours = diagnostics.map(({ path = "", message }) => ({ path, message }));
  const theirs =
    answer.status === 400 ? unknownFields(answer.message) : answer.causes.filter(({ field }) => field !== "<nil>").map(toRefusal);
  const sameOutcome = (ours.length === 0) === (answer.status === 201);
  const said = ours.every((mine) =>
    theirs.some((one) => one.path === mine.path && (sameWords(mine.message, one.message) || !isSayable(sent, mine.path))),
  );
  const nothingElse = theirs.every((one) => ours.some((mine) => mine.path === one.path) || isEcho(one.message));
  return sameOutcome && said && nothingElse
    ? undefined
    : { kind, change, sent: JSON.stringify(sent["spec"]).slice(0, 500), ours, status: answer.status, theirs };
}

function toRefusal({ field = "", message = "" }: Cause): { readonly path: string; readonly message: string } {
  return { path: field, message };
}

/** `strict decoding error: unknown field "spec.foo", unknown field "spec.bar"`. */
function unknownFields(message: string): readonly { readonly path: string; readonly message: string }[] {
  return Array.from(message.matchAll(/unknown field "([^"]*)"/g), ([text, path = ""]) => ({ path, message: text }));
}

/** The server puts `Invalid value: …: ` in front; decode() adds what was probably meant. */
function sameWords(mine: string, theirs: string): boolean {
  const [words = ""] = mine.split("; did you mean ");
  return theirs === words || (theirs.startsWith("Invalid value: ") && theirs.endsWith(`: ${words}`));
}

/** CEL cannot quote what is not printable: then the path has to do. */
function isSayable(sent: Case["object"], path: string): boolean {
  const keys = Array.from(path.matchAll(/\[([^\]0-9][^\]]*)\]|([^.[\]]+)/g), ([, label, key = ""]) => label ?? key); // `labels[acme.io/team]` is one key
  const value = keys.reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined), sent);
  return typeof value !== "string" || /^[ -~]*$/.test(value);
}

/** What the server says besides of a value whose type is wrong. */
function isEcho(message: string): boolean {
  return message.startsWith("Unsupported value: ") || message.includes("must be an object for an array of list-type map");
}

/** The kubeconfig that the control plane writes is JSON. */
async function adminCertificate(path: string): Promise<{ readonly cert: string; readonly key: string }> {
  const config = JSON.parse(await readFile(path, "utf8")) as { users: [{ user: Record<string, string> }] };
  const [{ user }] = config.users;
  const decode = (name: string): string => Buffer.from(user[name] ?? "", "base64").toString("utf8");
  return { cert: decode("client-certificate-data"), key: decode("client-key-data") };
}

async function matchesGolden(name: string, text: string): Promise<void> {
  const file = `${root}test/golden/crd/${name}`;
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, text);
  assert.equal(text, await readFile(file, "utf8"));
}

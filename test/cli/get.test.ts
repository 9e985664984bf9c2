import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../support/clock.ts";
import { golden } from "../support/txtar.ts";
import { apiVersion, kindTable } from "../../src/api/kinds.ts";
import type { ObjectRow } from "../../src/cli/ports.ts";
import { now, stores } from "./fixtures.ts";
import { run } from "./session.ts";

const plurals = Object.values(kindTable)
  .map(({ plural }) => plural)
  .join(", ");
/** Two objects of one name, and what tells them apart. */
const namespaced: readonly ObjectRow[] = [
  ["team-b", "own"],
  ["default", "shared"],
  ["team-a", "own"],
].map(([namespace = "", name = ""]) => ({
  kind: "NamespacedStore",
  namespace,
  name,
  creationTime: now - 60_000,
  object: { apiVersion, kind: "NamespacedStore", metadata: { name, namespace } },
}));
const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;

describe("get", () => {
  for (const format of ["table", "wide", "json", "yaml"]) {
    it(`prints stores as ${format}`, async () => {
      const { stdout, stderr, exit } = await run(["get", "stores", "-o", format]);
      assert.equal(stdout, golden(goldenFile(`get-stores.${format === "table" || format === "wide" ? `${format}.txt` : format}`), stdout));
      assert.deepEqual({ stderr, exit }, { stderr: "", exit: 0 });
    });
  }

  for (const word of ["stores", "store", "csstore", "Store", "STORES", "stores.countersign.dev"]) {
    it(`takes "${word}" for stores`, async () => assert.match((await run(["get", word])).stdout, /^NAME +READY/));
  }

  it("prints one object alone", async () => {
    assert.match((await run(["get", "stores", "mirror"])).stdout, /^NAME .*\nmirror .*\n$/);
    const object = JSON.parse((await run(["get", "stores", "mirror", "-o", "json"])).stdout) as { kind: string; metadata: object };
    assert.deepEqual([object.kind, object.metadata], ["Store", { creationTimestamp: "2025-12-29T12:00:00Z", name: "mirror" }]);
  });

  it("says what kubectl says where there is none", async () => {
    const { stdout, stderr, exit } = await run(["get", "verifiers"]);
    assert.deepEqual({ stdout, stderr, exit }, { stdout: "", stderr: "No resources found\n", exit: 0 });
    assert.deepEqual(JSON.parse((await run(["get", "verifiers", "-o", "json"])).stdout), {
      apiVersion: "v1",
      items: [],
      kind: "List",
      metadata: { resourceVersion: "" },
    });
  });

  const missing: readonly (readonly [argv: readonly string[], stderr: string, exit: number])[] = [
    [["get", "stores", "miror"], 'error: There is no Store "miror" (CLI_NOT_FOUND)\nwhat to do: write mirror\n', 1],
    [["get", "stores", "x"], 'error: There is no Store "x" (CLI_NOT_FOUND)\nwhat to do: there are mirror, production\n', 1],
    [["get", "verifiers", "x"], 'error: There is no Verifier "x" (CLI_NOT_FOUND)\nwhat to do: there are no verifiers\n', 1],
    [["get", "storse"], `error: There is no kind "storse" (CLI_USAGE)\nwhat to do: write stores (there are ${plurals})\n`, 64],
    [["get", "secrets"], `error: There is no kind "secrets" (CLI_USAGE)\nwhat to do: write one of ${plurals}\n`, 64],
    [["get"], "error: Missing required argument 'KIND' (CLI_USAGE)\nwhat to do: \"countersign get --help\" lists what there is\n", 64],
  ];
  for (const [argv, stderr, exit] of missing) {
    it(`exits ${exit} for ${argv.join(" ")}`, async () => {
      const session = await run(argv);
      assert.deepEqual({ stdout: session.stdout, stderr: session.stderr, exit: session.exit }, { stdout: "", stderr, exit });
    });
  }

  describe("of a namespaced kind", () => {
    const get = (...argv: readonly string[]) => run(["get", ...argv], { answers: { rows: [...namespaced, ...stores] } });

    it("prints the objects of every namespace, and of which they are", async () => {
      for (const all of ["-A", "--all-namespaces"])
        assert.equal(
          (await get("namespacedstores", all)).stdout,
          [
            "NAMESPACE   NAME     READY   REASON   REGISTRY   AUTH   CHECKED   AGE\n",
            "default     shared                                                60s\n",
            "team-a      own                                                   60s\n",
            "team-b      own                                                   60s\n",
          ].join(""),
        );
    });

    it("prints those of one namespace without saying so, and of the default one unless told otherwise", async () => {
      assert.match((await get("csnsstore", "--in-namespace", "team-a")).stdout, /^NAME .*\nown .*\n$/);
      assert.match((await get("namespacedstore")).stdout, /^NAME .*\nshared .*\n$/);
    });

    it("tells objects of one name apart by their namespace", async () => {
      const { stdout } = await get("namespacedstores", "own", "--in-namespace", "team-b", "-o", "json");
      assert.deepEqual((JSON.parse(stdout) as { metadata: object }).metadata, { name: "own", namespace: "team-b" });
    });

    it("says where there is none", async () => {
      assert.deepEqual(
        [(await get("namespacedstores", "--in-namespace", "team-c")).stderr, (await get("namespacedpolicies", "-A")).stderr],
        ["No resources found in team-c namespace.\n", "No resources found\n"],
      );
      const { stderr, exit } = await get("namespacedstores", "shared", "--in-namespace", "team-a");
      assert.deepEqual(
        { stderr, exit },
        { stderr: 'error: There is no NamespacedStore "shared" in namespace team-a (CLI_NOT_FOUND)\nwhat to do: there are own\n', exit: 1 },
      );
    });

    for (const [why, argv, message] of [
      ["one object of all namespaces", ["own", "-A"], "One NamespacedStore cannot be asked for across all namespaces"],
      [
        "one namespace and all",
        ["-A", "--in-namespace", "a"],
        "Option '-A, --all-namespaces' cannot be used with option '--in-namespace <NS>'",
      ],
      ["what cannot be a namespace", ["--in-namespace", "../x"], '--in-namespace: "../x" cannot be a namespace'],
    ] as const)
      it(`refuses ${why}`, async () => {
        const { stderr, exit } = await get("namespacedstores", ...argv);
        assert.deepEqual({ exit, first: stderr.split("\n")[0] }, { exit: 64, first: `error: ${message} (CLI_USAGE)` });
      });

    it("takes no notice of namespaces where a kind has none", async () =>
      assert.equal((await get("stores", "-A")).stdout, (await get("stores")).stdout));
  });

  for (const { kind, plural, singular, shortName } of Object.values(kindTable))
    it(`knows ${kind} by its three names`, async () => {
      const argv = kind.startsWith("Namespaced") ? ["-A"] : [];
      for (const word of [plural, singular, shortName])
        assert.deepEqual((await run(["get", word, ...argv], { answers: { rows: [] } })).stderr, "No resources found\n");
    });

  it("exits 70 when the objects are not read in time", async () => {
    const clock = new ManualClock(now);
    const session = run(["get", "stores", "--timeout", "1s"], { clock, answers: { open: () => new Promise(() => {}) } });
    await clock.advance(2000);
    const { stderr, exit } = await session;
    assert.deepEqual(
      { stderr, exit },
      {
        stderr:
          "error: No answer within 1s while reading the configuration (CLI_TIMEOUT)\nwhat to do: try again, or give it longer with --timeout\n",
        exit: 70,
      },
    );
  });

  it("closes what opens after it was given up: its watches would keep the process alive", async () => {
    const clock = new ManualClock(now);
    const late = Promise.withResolvers<void>();
    const session = run(["get", "stores", "--timeout", "1s"], { clock, answers: { open: () => late.promise } });
    await clock.advance(2000);
    const { exit, composition } = await session;
    late.resolve();
    await clock.settle();
    assert.deepEqual({ exit, closed: composition.closed }, { exit: 70, closed: 1 });
  });

  it("shows a hostile status without obeying it, and keeps one line an object", async () => {
    const object = { status: { conditions: [{ type: "Ready", status: "True\nfake   True", reason: "\u001b[2J" }], registry: "a\tb" } };
    const { stdout } = await run(["get", "stores"], { answers: { rows: [{ ...(stores[0] ?? assert.fail()), object }] } });
    assert.equal(
      stdout,
      "NAME         READY     REASON   REGISTRY   AUTH   CHECKED   AGE\nproduction   True...   ^[[2J    a\\tb                        3d\n",
    );
  });
});

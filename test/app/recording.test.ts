import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { realpathSync } from "node:fs";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Core } from "../../src/app/core.ts";
import { replayFile } from "../../src/app/replay.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { silentMetrics } from "../../src/kernel/metrics.ts";
import { ManifestSource } from "../../src/manifests/source.ts";
import { run } from "./fixture.ts";
import { createRecordingSetting, type RecordingSetting, spellings } from "./recording-setting.ts";

let setting: RecordingSetting;
before(async () => {
  setting = await createRecordingSetting();
});
after(() => setting?.[Symbol.asyncDispose]());

interface Recorded {
  readonly events: readonly { readonly call: string; readonly outcome: { readonly type: string } }[];
  readonly content: Record<string, string>;
  readonly keyProviders: { readonly name: string; readonly keys: { readonly publicKey: string }[] }[];
  readonly report: { verdict: string };
}
const read = async (name: string): Promise<Recorded> => JSON.parse(await readFile(setting.path(name), "utf8")) as Recorded;
const replay = (name: string, ...more: readonly string[]) => run(["verify", "--replay", setting.path(name), ...more]);

test("verify --replay prints what verify --record printed, byte for byte, when the registry is no more", async () => {
  const { registry, images, record } = setting;
  const all = [images.signed, images.unsigned, images.tag, images.tool, `${registry.host}/team/web:none`];
  const recorded = [];
  for (const [at, image] of all.entries()) recorded.push(await record(`${at}.json`, image, "-o", "json"));
  assert.deepEqual(
    recorded.map(({ exit }) => exit),
    [0, 1, 0, 0, 1],
  );
  assert.match(recorded[1]?.stdout ?? "", /"ConnectionRefused"/);
  const asked = registry.requests.length;
  await registry.stop();
  try {
    for (const [at, { exit, stdout }] of recorded.entries())
      assert.deepEqual(await replay(`${at}.json`, "-o", "json"), { exit, stdout, stderr: "" });
  } finally {
    await registry.start();
  }
  assert.equal(registry.requests.length, asked);
});

test("verify --replay needs no network, no other file and no other process", async () => {
  const { exit, stdout } = await setting.record("confined.json", setting.images.tool, "-o", "json");
  assert.equal(exit, 0);
  const root = fileURLToPath(new URL("../..", import.meta.url));
  // Node itself refuses everything that is not named here: sockets, name look-ups, processes, writing. A thread evaluates expressions.
  const readable = [root, realpathSync(`${root}node_modules`), setting.path("confined.json")];
  const flags = [
    "--permission",
    "--allow-worker",
    "--disable-warning=SecurityWarning",
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ];
  const confined = await new Promise<string>((resolve, reject) => {
    const argv = [...flags, `${root}src/main.ts`, "verify", "--replay", setting.path("confined.json"), "-o", "json"];
    execFile(process.execPath, argv, { env: {}, timeout: 60_000 }, (error, out, said) =>
      error === null ? resolve(out) : reject(new TypeError(said)),
    );
  });
  assert.equal(confined, stdout);
});

test("verify --replay names the keys that the recording trusts, on standard error", async () => {
  await setting.record("keys.json", setting.images.signed);
  const { exit, stdout, stderr } = await replay("keys.json");
  assert.equal(exit, 0);
  assert.match(stdout, /^└─ ✓ allow$/m);
  assert.match(
    stderr,
    /^note: replayed what was recorded at 20\d\d-\S+Z by version 0\.1\.0; nobody was contacted\nnote: the recording trusts KeyProvider\/release-keys key "alice" \(ECDSA P-256, sha256:[0-9a-f]{64}\)\n$/,
  );
});

test("a recording holds nothing of a Secret but the public keys in it", async () => {
  const { registry, images, record } = setting;
  registry.requests.length = 0;
  await record("secrets.json", images.signed);
  assert.ok(registry.requests.some(({ authorization, status }) => spellings.some((one) => authorization?.includes(one)) && status === 200));
  const text = await readFile(setting.path("secrets.json"), "utf8");
  const { content, keyProviders, events } = await read("secrets.json");
  assert.ok(events.some(({ outcome }) => outcome.type === "content"));
  const whole = [text, ...Object.values(content).map((bytes) => Buffer.from(bytes, "base64").toString("latin1"))];
  for (const spelling of spellings) for (const part of whole) assert.ok(!part.includes(spelling), spelling);
  assert.deepEqual(
    keyProviders.map(({ name, keys }) => [name, keys.length]),
    [["release-keys", 1]],
  );
});

test("a recording is there whole, for its owner only, and nothing else is left beside it", async () => {
  const { record, place, images } = setting;
  await record("mode.json", images.signed);
  const first = await stat(setting.path("mode.json"));
  assert.equal(first.mode & 0o777, 0o600);
  await record("mode.json", images.unsigned); // replaces it
  assert.notEqual((await stat(setting.path("mode.json"))).ino, first.ino);
  assert.deepEqual(
    (await readdir(place.directory)).filter((name) => name.startsWith(".")),
    [],
  );
});

test("what cannot be written is found before anything is asked", async () => {
  const { record, registry, images } = setting;
  await mkdir(setting.path("directory"));
  await symlink("/dev/null", setting.path("link"));
  const asked = registry.requests.length;
  for (const [name, why] of [
    ["missing/file.json", "there is no such file or directory \\(ENOENT\\)"],
    ["directory", "what is there is no regular file"],
    ["link", "what is there is no regular file"],
  ] as const) {
    const { exit, stdout, stderr } = await record(name, images.signed);
    assert.deepEqual([exit, stdout], [64, ""]);
    assert.match(
      stderr,
      new RegExp(`^error: The recording ".*" cannot be written: ${why} \\(TAPE_UNWRITABLE\\)\nwhat to do: give --record `),
    );
  }
  assert.equal(registry.requests.length, asked);
});

test("a recording that was changed is refused, or its replay differs: the verdict that is printed is today's", async () => {
  await setting.record("changed.json", setting.images.signed);
  const tape = await read("changed.json");
  const write = (changed: object): Promise<void> => writeFile(setting.path("changed.json"), JSON.stringify({ ...tape, ...changed }));

  const [digest = ""] = Object.keys(tape.content);
  await write({ content: { ...tape.content, [digest]: Buffer.from("other bytes").toString("base64") } });
  const altered = await replay("changed.json");
  assert.deepEqual([altered.exit, altered.stdout], [64, ""]);
  assert.match(
    altered.stderr,
    /^error: Cannot replay ".*changed\.json" \(CLI_REPLAY_FAILED\)\nbecause: The recording was changed: .* \(TAPE_ALTERED\)\nwhat to do: get the recording again/,
  );

  await write({ report: { ...tape.report, verdict: "deny" } });
  const claimed = await replay("changed.json", "-o", "json");
  assert.equal(claimed.exit, 70);
  assert.match(claimed.stdout, /"verdict": "allow"/);
  assert.equal(claimed.stderr, 'replay differs: verdict was "deny" and is "allow"\n');

  await write({ events: tape.events.filter(({ outcome }) => outcome.type !== "content") });
  const robbed = await replay("changed.json", "-o", "json");
  assert.equal(robbed.exit, 70);
  assert.match(robbed.stdout, /"verdict": "inconclusive"/);

  const stranger =
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqjF3o7hGq1yLk8SImfYn2oZ1HKBW\n-----END PUBLIC KEY-----\n";
  await write({
    keyProviders: tape.keyProviders.map((provider) => ({
      ...provider,
      keys: provider.keys.map((key) => ({ ...key, publicKey: stranger })),
    })),
  });
  const unkeyed = await replay("changed.json");
  assert.equal(unkeyed.exit, 64);
  assert.match(unkeyed.stderr, /because: The recording is not valid: a key of KeyProvider release-keys \(number 1\) /);
});

for (const [what, content, message] of [
  [
    "half a recording",
    '{"format":"countersign.dev/rec',
    "The file is not JSON: it is no recording, or not the whole of one \\(TAPE_NOT_A_TAPE\\)",
  ],
  ["something else", "{}", "The file is JSON, and no recording \\(TAPE_NOT_A_TAPE\\)"],
] as const)
  test(`verify --replay of ${what} says what it is and what to do`, async () => {
    await writeFile(setting.path("alien.json"), content);
    const { exit, stdout, stderr } = await replay("alien.json");
    assert.deepEqual([exit, stdout], [64, ""]);
    assert.match(
      stderr,
      new RegExp(`^error: Cannot replay ".*" \\(CLI_REPLAY_FAILED\\)\nbecause: ${message}\nwhat to do: give --replay a file`),
    );
  });

test("verify --replay of what is no file says so", async () => {
  for (const [name, why] of [
    ["none.json", "there is no such file or directory \\(ENOENT\\)"],
    [".", "it is no regular file"],
  ] as const)
    assert.match((await replay(name)).stderr, new RegExp(`\nbecause: The file cannot be read: ${why} \\(TAPE_UNREADABLE\\)\n`));
});

test("a verification for a namespace is recorded with what the namespace sees, and replayed by it", async () => {
  const { manifests, images, path } = setting;
  const common = { clock: systemClock, logger: silentLogger, metrics: silentMetrics, random: Math.random };
  const source = new ManifestSource({ directory: manifests.directory, namespace: "countersign-system", ...common });
  await using core = new Core({ ...common, source });
  const lifetime = new AbortController();
  try {
    await core.start(lifetime.signal);
    const recording = await core.record({ image: images.signed, inNamespace: "team-a" }, lifetime.signal);
    const { verdict, policies } = recording.report;
    assert.deepEqual(
      [verdict.outcome, policies.map(({ name, outcome }) => [name, outcome])],
      [
        "deny",
        [
          ["Policy/release", "allow"],
          ["NamespacedPolicy/team-a/own", "deny"],
        ],
      ],
    );
    await writeFile(path("tenant.json"), recording.encode({ report: {}, recordedBy: "0.1.0" }));
    const { report, keys, differences } = await replayFile(path("tenant.json"), { clock: systemClock }, lifetime.signal);
    assert.deepEqual(report, recording.report);
    assert.deepEqual(
      [keys.map(({ provider, name }) => `${provider} ${name}`), differences],
      [["release-keys alice", "team-a/own-keys tom"], []],
    );
  } finally {
    lifetime.abort();
  }
});

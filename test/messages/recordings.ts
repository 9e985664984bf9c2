import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import type { Store } from "../../src/engine/store.ts";
import { decodeTape } from "../../src/tape/decode-tape.ts";
import { run } from "../app/fixture.ts";
import { createRecordingSetting, type RecordingSetting } from "../app/recording-setting.ts";
import { artifact } from "../engine/model-artifact.ts";
import { entry, modelStore } from "../engine/model-store.ts";
import { modelVerifier, ready } from "../engine/model-verifier.ts";
import { digestImage } from "../engine/verify.ts";
import { make } from "../tape/play.ts";
import { type Situation, type Situations, thrown } from "./situation.ts";

type Tape = Record<string, unknown> & {
  events?: { readonly call: string; outcome: Record<string, unknown> }[];
  content: Record<string, string>;
  readonly realms: { readonly cluster: { readonly stores: { place: { repositories: string[] } }[] } };
  readonly verifiers: { spec: unknown }[];
  readonly keyProviders: { readonly keys: { publicKey: string }[] }[];
};

async function within<T>(work: (setting: RecordingSetting) => Promise<T>): Promise<T> {
  await using setting = await createRecordingSetting();
  return await work(setting);
}

async function said(argv: readonly string[]): Promise<string> {
  const { stdout, stderr, exit } = await run(argv);
  const failures = Array.from(stdout.matchAll(/"message": (".*(?:recording|other bytes).*")/g), ([, message = ""]) =>
    String(JSON.parse(message)),
  );
  return [...new Set(failures), `${stderr}exit ${exit}`].join("\n");
}

/** A file that is given for a recording. */
const file = (when: string, prepare: (path: string) => Promise<unknown>): Situation => ({
  when,
  says: () =>
    within(async ({ path }) => {
      await prepare(path("x.json"));
      return await said(["verify", "--replay", path("x.json")]);
    }),
});

/** A recording that was changed after it was made. */
const changed = (when: string, change: (tape: Tape) => void): Situation => ({
  when,
  says: () =>
    within(async ({ path, record, images }) => {
      await record("x.json", images.signed);
      const tape = JSON.parse(await readFile(path("x.json"), "utf8")) as Tape;
      change(tape);
      await writeFile(path("x.json"), JSON.stringify(tape));
      const text = await said(["verify", "-o", "json", "--replay", path("x.json")]);
      return text.replaceAll(/^replay differs: .*\n/gm, "");
    }),
});

/** A place where a recording is to be written. */
const written = (when: string, name: string): Situation => ({
  when,
  says: () =>
    within(async ({ path, record, images }) => {
      await mkdir(path("directory"));
      const { stderr, exit } = await record(name, images.signed);
      return `${stderr}exit ${exit}`;
    }),
});

async function tooLarge(): Promise<string> {
  const store: Store = { ...modelStore("one", { referrers: [artifact()] }), fetch: () => Promise.resolve(Buffer.alloc(65 << 20)) };
  const cluster = { revision: "r1", stores: [entry(store)], verifiers: ready(modelVerifier("release")), policies: [] };
  const recording = await make({ image: digestImage, realms: { cluster } });
  return await thrown(() => recording.encode({ report: {}, recordedBy: "1" }));
}

const anyContent = ({ content }: Tape): string => Object.keys(content)[0] ?? "";

export const recordings: Situations = [
  written("a recording is to be written into a directory that does not exist", "missing/x.json"),
  written("a recording is to be written where a directory is", "directory"),
  { when: "a verification read more than a recording holds", says: tooLarge },
  file("there is no recording", () => Promise.resolve()),
  file("a recording is a directory", (path) => mkdir(path)),
  file("a recording is larger than any", async (path) => {
    await writeFile(path, "");
    await truncate(path, (64 << 20) + 1);
  }),
  { when: "what is decoded is larger than any recording", says: () => thrown(() => decodeTape(Buffer.alloc((64 << 20) + 1, " "))) },
  file("a recording is cut off", (path) => writeFile(path, '{"format":')),
  file("a file is JSON of another kind", (path) => writeFile(path, "[]")),
  changed("a recording is of a later version", (tape) => (tape["version"] = "v2")),
  changed("a recording has a member of a later version", (tape) => (tape["sequel"] = 1)),
  changed("a recording lacks something", (tape) => delete tape["events"]),
  changed("a recording names a store's repository that is none", ({ realms }) => {
    const [store] = realms.cluster.stores;
    if (store !== undefined) store.place.repositories = ["?"];
  }),
  changed("a recording has a Verifier that cannot be built", ({ verifiers }) => {
    for (const verifier of verifiers) verifier.spec = { type: "cosign" };
  }),
  changed("a recording has a key that is none", ({ keyProviders }) => {
    for (const key of keyProviders.flatMap(({ keys }) => keys)) key.publicKey = "none";
  }),
  changed("the content of a recording was changed", (tape) => (tape.content[anyContent(tape)] = "aGVsbG8=")),
  changed("the end of a recording was taken away", (tape) => (tape.events = [])),
  changed("an answer of a recording was changed into one of another kind", ({ events = [] }) => {
    for (const event of events) if (event.call.includes("fetch")) event.outcome = { type: "end" };
  }),
  changed("an answer of a recording was changed into another content", ({ events = [], content }) => {
    const digests = Object.keys(content);
    for (const event of events.filter(({ call }) => call.includes("fetch")))
      event.outcome = { type: "content", digest: digests.find((digest) => !event.call.includes(digest)) };
  }),
];

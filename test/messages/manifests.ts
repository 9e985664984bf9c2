import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ManifestSource } from "../../src/manifests/source.ts";
import { ManualClock } from "../support/clock.ts";
import { type Situations, thrown } from "./situation.ts";

/** A directory of manifests that is followed; `work` may change it, and then waits until that is seen. */
async function followed(
  files: Readonly<Record<string, string>>,
  work: (directory: string, seen: (text: string) => Promise<void>) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-manifests-"));
  const clock = new ManualClock();
  const stop = new AbortController();
  const source = new ManifestSource({ directory, namespace: "countersign-system", clock, logger: silentLogger });
  const problems = (): string =>
    source
      .problems()
      .map(({ file, message }) => `${file}: ${message}`)
      .join("\n");
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    await source.start({ changed: () => {} }, stop.signal);
    await work(directory, async (text) => {
      for (let round = 0; round < 1000 && !problems().includes(text); round += 1) {
        await clock.advance(500);
        await pause(2); // what a disk takes is no time of the clock's
      }
    });
    return problems();
  } finally {
    stop.abort(new DOMException("done", "AbortError"));
    await rm(directory, { recursive: true, force: true });
    await rm(`${directory}-away`, { recursive: true, force: true });
  }
}

const store = (name: string, more = ""): string =>
  `apiVersion: countersign.dev/v1alpha1\nkind: Store\nmetadata: {name: ${name}${more}}\nspec: {scopes: [ghcr.io], type: registry}\n`;
const core = (kind: string, metadata: string, more = ""): string => `apiVersion: v1\nkind: ${kind}\nmetadata: {${metadata}}\n${more}`;

const syntax: Readonly<Record<string, string>> = {
  "01.yaml": `${core("ConfigMap", "name: x")}data: {a: "1"}\ndata: {a: "2"}\n`,
  "02.yaml": "a:\n\tb: 1\n",
  "03.yaml": "a: *nobody\n",
  "04.yaml": "[".repeat(100_000),
  "05.yaml": `${"{a: ".repeat(65)}1${"}".repeat(65)}`,
  "06.yaml": "a: !secret\n",
  "07.yaml": 'a: "\\q"\n',
  "08.yaml": "a: @b\n",
  "09.yaml": "a: |b\n",
  "10.yaml": "---\n".repeat(10_001),
  "11.yaml": "hello",
  "12.yaml": "apiVersion: v1\n",
  "13.yaml": core("ConfigMap", ""),
  "14.yaml": core("ConfigMap", "name: x, namespace: 1"),
  "15.yaml": "%YAML 9\n%FOO\nx\n",
};
const objects: Readonly<Record<string, string>> = {
  "01.yaml": store("a").replace("v1alpha1", "v1"),
  "02.yaml": store("a").replace("Store", "Stor"),
  "03.yaml": store("A_b"),
  "04.yaml": store("a", ", namespace: team-a"),
  "05.yaml": store("a").replace("Store", "NamespacedStore"),
  "06.yaml": store("a", ", namespace: Team").replace("Store", "NamespacedStore"),
  "07.yaml": core("Secret", "name: A"),
  "08.yaml": core("Secret", "name: s", "data: {password: hunter 2}\n"),
  "09.yaml": core("ConfigMap", "name: c", "data: {key: 1}\n"),
  "10.yaml": core("Namespace", "name: A"),
  "11.yaml": core("Namespace", "name: team-a, labels: {tier: 1}"),
  "12.yaml": store("twice"),
  "13.yaml": store("twice"),
};

export const manifestFiles: Situations = [
  {
    when: "there is no directory of manifests",
    says: () =>
      thrown(() =>
        new ManifestSource({
          directory: "/does/not/exist",
          namespace: "countersign-system",
          clock: new ManualClock(),
          logger: silentLogger,
        }).start({ changed: () => {} }, new AbortController().signal),
      ),
  },
  { when: "a file is no manifest", says: () => followed(syntax) },
  { when: "an object of a file cannot be used", says: () => followed(objects) },
  {
    when: "a file is no text, is too large, or lies too deep",
    says: () =>
      followed({}, async (directory, seen) => {
        await writeFile(join(directory, "latin.yaml"), Uint8Array.of(0x61, 0xe9));
        await writeFile(join(directory, "large.yaml"), "");
        await truncate(join(directory, "large.yaml"), 5_000_000);
        await mkdir(join(directory, "pipe.yaml"), { recursive: true });
        await mkdir(join(directory, "a/b/c/d/e/f/g/h/i"), { recursive: true });
        await seen("deep");
      }),
  },
  {
    when: "there are too many files",
    says: () => followed(Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`${at}.yaml`, ""]))),
  },
  {
    when: "a file that was good becomes empty",
    says: () =>
      followed({ "a.yaml": store("a") }, async (directory, seen) => {
        await writeFile(join(directory, "a.yaml"), "\n");
        await seen("is empty");
      }),
  },
  {
    when: "the directory goes while it is followed",
    says: () =>
      followed({ "a.yaml": store("a") }, async (directory, seen) => {
        await rename(directory, `${directory}-away`);
        await seen("cannot be read");
      }),
  },
];

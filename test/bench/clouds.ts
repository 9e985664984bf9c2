/** What credentials of clouds cost: start-up and memory of the bundle with none, one and all of their SDKs in use, and how many tokens are fetched. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../../src/kernel/clock.ts";
import { type CloudName, cloudNames, cloudSites, settingOf } from "../support/cloud/all.ts";
import { startInternet } from "../support/cloud/internet.ts";
import type { CloudFigures, CloudSetting } from "../support/cloud/replica.ts";
import type { Row } from "./keychain.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const runs = 3;
const registries = 50;
const references = 10_000;

export async function run(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  const hosts = Array.from({ length: registries }, (_, at) => `acme${String(at).padStart(2, "0")}.azurecr.io`);
  await using internet = await startInternet(cloudSites(systemClock, hosts));
  try {
    await promisify(execFile)(process.execPath, [`${root}scripts/bundle.ts`, directory, "test/support/cloud/replica.ts"]);
    const replica = join(directory, "replica.mjs");
    const measure = async (names: readonly CloudName[], many: readonly string[] = []): Promise<CloudFigures> =>
      median(await repeat(() => figures(replica, settingOf(internet, { names, many }))));
    const all = cloudNames;
    const rows: Row[] = [];
    for (const names of [[], ...all.map((name) => [name]), all] as readonly (readonly CloudName[])[]) {
      const { readyMs, idleMiB, usedMiB, firstMs } = await measure(names);
      const label = names.length === 0 ? "no cloud" : names.length === all.length ? "all clouds" : (names[0] ?? "");
      rows.push({ name: `${label}: ready after`, value: readyMs, unit: "ms" });
      rows.push({ name: `${label}: resident before the first credential`, value: idleMiB, unit: "MiB", budget: 120 });
      if (names.length === 0) continue;
      rows.push({ name: `${label}: resident with a credential of each`, value: usedMiB, unit: "MiB" });
      if (names.length === 1) rows.push({ name: `${label}: first credential, SDK loaded with it`, value: firstMs[0] ?? 0, unit: "ms" });
    }
    internet.requests.length = 0;
    const many = Array.from({ length: references }, (_, at) => `${hosts[at % registries]}/team-${at}/app:1`);
    const { manyMs } = await figures(replica, settingOf(internet, { names: ["Azure"], many }));
    const count = (path: RegExp): number => internet.requests.filter((request) => path.test(request.path)).length;
    const name = `${references.toLocaleString("en")} references over ${registries} registries`;
    rows.push({ name: `${name}: tokens of Entra`, value: count(/oauth2\/v2[.]0\/token/), unit: "tokens", budget: 1 });
    rows.push({ name: `${name}: tokens of registries`, value: count(/oauth2\/exchange/), unit: "tokens", budget: registries });
    rows.push({ name: `${name}: until all had a credential, 32 at a time`, value: manyMs, unit: "ms" });
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function figures(replica: string, setting: CloudSetting): Promise<CloudFigures> {
  const child = spawn(process.execPath, [replica], { stdio: ["pipe", "pipe", "inherit"], timeout: 60_000 });
  child.stdin.end(JSON.stringify(setting));
  return JSON.parse(await text(child.stdout)) as CloudFigures;
}

async function repeat<T>(work: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (let at = 0; at < runs; at += 1) results.push(await work());
  return results;
}

/** The run that was ready in the middle of the others. */
function median(all: readonly CloudFigures[]): CloudFigures {
  const found = all.toSorted((a, b) => a.readyMs - b.readyMs)[Math.floor(all.length / 2)];
  if (found === undefined) throw new TypeError("nothing was measured");
  return found;
}

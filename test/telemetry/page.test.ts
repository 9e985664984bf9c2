import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
/** As prettily as they are declared: a call with the name as its first argument, on the same line or the next; prom-client's own by `name:`. */
const declaration = /\.(?:counter|gauge|histogram)\(\s*"([a-z_]+)"|name: "([a-z]+_[a-z_]+)",\s*help:/g;

test("docs/reference/metrics.md has a row for every instrument, and for nothing else", () => {
  const declared = globSync("src/**/*.ts", { cwd: root }).flatMap((path) =>
    Array.from(read(path).matchAll(declaration), ([, name, own]) => name ?? own ?? ""),
  );
  assert.ok(declared.length > 20);
  const rows = Array.from(read("docs/reference/metrics.md").matchAll(/^\| `([a-z_]+)` \|/gm), ([, name = ""]) => name);
  assert.deepEqual(rows.toSorted(), [...new Set(declared)].toSorted());
});

test("docs/reference/metrics.md asks of instruments that there are", () => {
  const page = read("docs/reference/metrics.md");
  const rows = Array.from(page.matchAll(/^\| `([a-z_]+)` \|/gm), ([, name = ""]) => name);
  const questions = page.slice(page.indexOf("## To look at first"), page.indexOf("## Credentials"));
  const asked = Array.from(
    questions.matchAll(/\b((?:countersign|workqueue|controller_runtime)_[a-z_]+?)(?:_bucket)?\b(?=[{[`)]|$)/gm),
    ([, name = ""]) => name,
  );
  assert.ok(asked.length >= 6);
  assert.deepEqual(
    asked.filter((name) => !rows.includes(name)),
    [],
  );
});
